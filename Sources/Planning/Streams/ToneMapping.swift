// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Brings pictures of high dynamic range into what every screen shows.
///
/// Everything is done by tables of whole numbers (curves by `lutrgb`, colours by `colorchannelmixer`), so that the
/// result is the same on every processor; floating-point filters differ in their last bits.
///
/// Source: ITU-R BT.2100 (PQ, HLG); Reinhard et al., Photographic Tone Reproduction, equation 4; ITU-R BT.2087 (colours)
struct ToneMapping: Sendable, Equatable {
    /// The filters, from R'G'B' of high dynamic range to R'G'B' of BT.709, 14 bits each.
    let filters: [String]

    /// The format that the filters work in.
    static let pixelFormat = "gbrp14le"

    /// Makes the filters; `nil` for pictures that need none.
    init?(source: VideoProperties) {
        guard source.color.isHighDynamicRange else { return nil }
        let stated = source.masteringDisplay.map { $0.maxLuminance.value } ?? 0
        // Light in units of 100 cd/m2; what is brighter than the display that the film was made on is white.
        let white = Self.text(max(4, min(stated > 0 ? stated : 1_000, 10_000)) / 100)
        // Tables have 16 bits, and what is above the format's 14 must have some value too.
        let level = "min(1,val/maxval)"
        let light: String
        if source.color.transfer == "arib-std-b67" {
            let scene =
                "if(lte(\(level),0.5),pow(\(level),2)/3,(exp((\(level)-0.55991073)/0.17883277)+0.28466892)/12)"
            light = "10*pow(\(scene),1.2)"
        } else {
            let power = "pow(\(level),0.0126833135)"
            light = "100*pow(max(\(power)-0.8359375,0)/(18.8515625-18.6875*\(power)),6.2773946361)"
        }
        let mapped = "st(0,\(light));maxval*min(1,ld(0)*(1+ld(0)/(\(white)*\(white)))/(1+ld(0)))"
        let toLight = "lutrgb=r='\(mapped)':g='\(mapped)':b='\(mapped)'"
        let colors =
            "colorchannelmixer=rr=1.6605:rg=-0.5876:rb=-0.0728:gr=-0.1246:gg=1.1329:gb=-0.0083:br=-0.0182:bg=-0.1006:bb=1.1187"
        let curve = "maxval*pow(\(level),0.4545454545)"
        filters = [toLight, colors, "lutrgb=r='\(curve)':g='\(curve)':b='\(curve)'"]
    }

    private static func text(_ number: Double) -> String {
        let thousandths = Int64((number * 1000).rounded())
        return "(\(thousandths)/1000)"
    }
}
