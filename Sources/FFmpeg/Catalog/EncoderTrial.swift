// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts

/// The smallest encode that shows whether an encoder works on this machine.
///
/// Builds list encoders of hardware that is not there, so only trying tells.
struct EncoderTrial {
    /// FFmpeg's name of the encoder.
    let encoder: String
    /// Whether it encodes sound.
    let isAudio: Bool

    /// How long a trial may take. Drivers can hang; software is only slow on a busy machine.
    var timeLimit: Duration { isHardware ? .seconds(10) : .seconds(60) }

    /// The arguments of ffmpeg.
    var arguments: [String] {
        let output = ["-f", "null", "-"]
        guard !isAudio else {
            return ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-t", "0.2", "-c:a", encoder] + output
        }
        // Some cards refuse pictures smaller than 256x256.
        let input = ["-f", "lavfi", "-i", "color=c=gray:s=256x256:r=25:d=0.2"]
        let encode = ["-frames:v", "3", "-c:v", encoder] + output
        if encoder.hasSuffix("_vaapi") {
            // Without a path, libavutil takes the first device that opens, as it does for a segment.
            return ["-init_hw_device", "vaapi=device", "-filter_hw_device", "device"] + input
                + ["-vf", "format=nv12,hwupload"] + encode
        }
        if encoder.hasSuffix("_vulkan") {
            return ["-init_hw_device", "vulkan=gpu", "-filter_hw_device", "gpu"] + input
                + ["-vf", "format=nv12,hwupload"] + encode
        }
        if encoder.hasSuffix("_qsv") {
            return input + ["-vf", "format=nv12"] + encode
        }
        return input + encode
    }

    /// Whether the encoder runs on a device, which can be gone tomorrow.
    var isHardware: Bool {
        ["_nvenc", "_vaapi", "_qsv", "_amf", "_vulkan", "_v4l2m2m", "_videotoolbox", "_mf", "_omx"].contains {
            encoder.hasSuffix($0)
        }
    }

    /// The first reason that the messages of a failed trial give, in one line.
    static func reason(in log: String) -> String {
        let lines = FailureDiagnosis.lines(of: log)
        let consequences = ["Error initializing output stream", "Conversion failed", "Error while opening encoder"]
        return lines.first { line in !consequences.contains { line.hasPrefix($0) } } ?? lines.first
            ?? "it failed without a message"
    }
}
