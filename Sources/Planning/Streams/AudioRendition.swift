// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// One sound track of a stream: encoded for everybody, or as the film has it.
package struct AudioRendition: Sendable {
    /// How its packets come about.
    package enum Making: Sendable {
        /// Encoded, in cells.
        case encoded(AudioCellsCommand)
        /// Taken from the film.
        case copied(SoundCopyCommand)
    }

    /// Its name in addresses: `a1`, or `a1-copy` for the film's own.
    package let name: String
    /// The number of the film's stream.
    package let stream: Int
    /// Its name for people; no two of a kind have the same.
    package let title: String
    /// Its language, RFC 5646; `nil` when unknown.
    package let language: String?
    /// Whether it is played when the viewer chooses nothing.
    package let isDefault: Bool
    /// The number of channels.
    package let channels: Int
    /// Roles such as `public.accessibility.describes-video`.
    package let characteristics: [String]
    /// The codec's name, RFC 6381.
    package let codecName: String
    /// The usual bits a second, which sound hardly exceeds.
    package let rate: BitRate
    /// How it is made.
    package let making: Making

    /// Its packets.
    package var grid: AudioGrid {
        switch making {
        case .encoded(let command): command.grid
        case .copied(let command): command.grid
        }
    }

    /// Whether it is the film's own.
    package var isCopy: Bool {
        switch making {
        case .encoded: false
        case .copied: true
        }
    }
}
