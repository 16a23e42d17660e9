// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import Synchronization

/// Says to a claim store that the owner of this process's claims lives, as often as that is needed.
///
/// Nothing is said while nobody calls `show()`: who holds no claims need not be
/// missed.
final class OwnPresence: Sendable {
    private struct Contents {
        /// When it was said last, or tried.
        var tried: Moment?
        /// Until when the store knows of it for certain; `nil` before the first time.
        var end: Moment?
        var gaps = 0
    }

    private let owner: String
    private let lasting: Duration
    private let claims: any ClaimStore
    private let time: any TimeSource
    private let contents = Mutex(Contents())

    /// Makes the presence of an owner of whom nothing was said yet.
    ///
    /// - Parameter lasting: for how long it is said each time.
    init(of owner: String, lasting: Duration, in claims: any ClaimStore, time: any TimeSource) {
        self.owner = owner
        self.lasting = lasting
        self.claims = claims
        self.time = time
    }

    /// When to call `show()` next, as long as there are claims.
    var due: Moment { contents.withLock { ($0.tried ?? time.now()) + lasting / 3 } }

    /// How often the owner was silent for so long that it may have been missed.
    var gaps: Int { contents.withLock { $0.gaps } }

    /// Says it, unless it was said of late. Returns when the store knows of it, or cannot be told.
    func show() async {
        let start = time.now()
        let isDue = contents.withLock { contents in
            if let tried = contents.tried, start < tried + lasting / 3, let end = contents.end, start < end {
                return false
            }
            contents.tried = start
            return true
        }
        guard isDue, (try? await claims.announce(owner, for: lasting)) != nil else { return }
        let answered = time.now()
        contents.withLock { contents in
            if let end = contents.end, end <= answered { contents.gaps += 1 }
            contents.end = max(contents.end ?? start, start + lasting)
        }
    }
}
