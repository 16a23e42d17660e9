// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct PictureSettingsTests {
    /// A turn by so many degrees clockwise.
    private func matrix(_ degrees: Int) -> DisplayMatrix {
        let one: Int32 = 65536
        let values: [Int: [Int32]] = [
            0: [one, 0, 0, 0, one, 0, 0, 0, 1 << 30], 90: [0, one, 0, -one, 0, 0, 0, 0, 1 << 30],
            180: [-one, 0, 0, 0, -one, 0, 0, 0, 1 << 30], 270: [0, -one, 0, one, 0, 0, 0, 0, 1 << 30],
        ]
        return DisplayMatrix(values: values[degrees] ?? [])
    }

    private func settings(
        _ width: Int, _ height: Int, encoder: String = "libx264", format: String = "yuv420p",
        _ change: (inout VideoProperties, inout TranscodeParameters) -> Void = { _, _ in }
    ) throws -> PictureSettings {
        var properties = VideoProperties(width: width, height: height, pixelFormat: format)
        var parameters = TranscodeParameters()
        change(&properties, &parameters)
        return try PictureSettings(
            source: properties, parameters: parameters, profile: try #require(EncoderProfile.named(encoder)))
    }

    @Test(arguments: [
        (1920, 1080, Resolution.height(720), 1280, 720), (1920, 800, .height(720), 1728, 720),
        (1280, 720, .height(1080), 1280, 720), (1920, 1080, .box(width: 1280, height: 1280), 1280, 720),
        (1080, 1920, .box(width: 1280, height: 720), 406, 720), (853, 480, .height(240), 426, 240),
    ])
    func sizesKeepTheAspectAndNeverGrow(width: Int, height: Int, to: Resolution, newWidth: Int, newHeight: Int) throws {
        let picture = try settings(width, height) { $1.resolution = to }
        #expect((picture.width, picture.height) == (newWidth, newHeight))
    }

    @Test func picturesGrowWhenAsked() throws {
        let picture = try settings(640, 360) {
            $1.resolution = .height(720)
            $1.allowUpscale = true
        }
        #expect((picture.width, picture.height) == (1280, 720))
    }

    @Test func pictureThatDoesNotGrowSaysSo() throws {
        #expect(try settings(640, 360) { $1.resolution = .height(720) }.warnings.count == 1)
        #expect(try settings(640, 360) { $1.resolution = .height(360) }.warnings.isEmpty)
        #expect(try settings(640, 360) { $1.resolution = .height(180) }.warnings.isEmpty)
    }

    @Test func picturesThatAnEncoderCannotTakeAreRefusedBeforeItRuns() throws {
        let error = #expect(throws: PlanningError.self) {
            try settings(320, 180, encoder: "libsvtav1") { $1.resolution = .box(width: 100, height: 100) }
        }
        #expect(error?.code == .badValue)
        #expect(error?.message.contains("100x56") == true)
        #expect(try settings(114, 64, encoder: "libsvtav1").height == 64)
        #expect(try settings(100, 56, encoder: "libaom-av1").height == 56)
    }

    @Test func oddSizesAreCutOnlyWhereTheyMustBe() throws {
        let cut = try settings(161, 121)
        #expect((cut.width, cut.height) == (160, 120))
        #expect(cut.warnings.count == 1)
        for encoder in ["libvpx-vp9", "libaom-av1", "ffv1"] {
            let whole = try settings(161, 121, encoder: encoder)
            #expect((whole.width, whole.height) == (161, 121))
            #expect(whole.warnings.isEmpty)
        }
        let full = try settings(161, 121, format: "yuv444p")
        #expect((full.width, full.height) == (161, 121))
    }

    @Test func turnsAreKeptByMP4AndAppliedForMatroska() throws {
        let kept = try settings(1920, 1080) { properties, _ in properties.displayMatrix = matrix(90) }
        #expect(!kept.isTurned)
        #expect((kept.width, kept.height) == (1920, 1080))
        let turned = try settings(1920, 1080) { properties, parameters in
            properties.displayMatrix = matrix(90)
            properties.sampleAspectRatio = Rational(4, 3)
            parameters.container = .mkv
        }
        #expect(turned.isTurned)
        #expect((turned.width, turned.height) == (1080, 1920))
        #expect(turned.sampleAspectRatio == Rational(3, 4))
    }

    @Test func resolutionsMeanThePictureAsItIsShown() throws {
        let picture = try settings(1920, 1080) { properties, parameters in
            properties.displayMatrix = matrix(270)
            parameters.resolution = .height(960)
        }
        // Shown as 540x960, stored on its side.
        #expect((picture.width, picture.height) == (960, 540))
    }

    @Test(arguments: [
        ("yuv420p10le", "libx264", "yuv420p10le"), ("yuv422p10le", "libsvtav1", "yuv420p10le"),
        ("yuvj420p", "libx264", "yuv420p"), ("yuvj422p", "libx265", "yuv422p"), ("nv12", "libx264", "yuv420p"),
        ("gray", "libx264", "yuv420p"), ("rgb24", "libx264", "yuv444p"), ("gbrp", "ffv1", "bgr0"),
        ("yuva444p10le", "libx264", "yuv444p10le"), ("yuv444p12le", "libsvtav1", "yuv420p10le"),
        ("pal8", "ffv1", "bgra"), ("yuv420p", "h264_vaapi", "nv12"), ("yuv420p10le", "hevc_nvenc", "p010le"),
        ("yuv411p", "libx264", "yuv422p"),
    ])
    func pixelFormatsStayAsNearAsTheEncoderAllows(source: String, encoder: String, expected: String) throws {
        #expect(try settings(640, 360, encoder: encoder, format: source).pixelFormat == expected)
    }

    @Test func lossesOfDepthAndColourAreNamed() throws {
        #expect(try settings(640, 360, encoder: "libsvtav1", format: "yuv422p12le").warnings.count == 2)
        #expect(try settings(640, 360, encoder: "libsvtav1", format: "yuva420p").warnings.count == 1)
        #expect(try settings(640, 360, encoder: "libx265", format: "yuv422p12le").warnings.isEmpty)
    }

    @Test func fieldsAreKeptOrWovenOrWarnedOf() throws {
        #expect(try settings(720, 576) { properties, _ in properties.fieldOrder = .tt }.keepsFields)
        let plain = try settings(720, 576, encoder: "libsvtav1") { properties, _ in properties.fieldOrder = .tt }
        #expect(plain.warnings.first?.contains("--deinterlace") == true)
        let woven = try settings(720, 576) {
            $0.fieldOrder = .bb
            $1.deinterlace = true
        }
        #expect(woven.isDeinterlaced && !woven.keepsFields)
    }
}
