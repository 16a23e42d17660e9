// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning
internal import MartletPorts

/// The films that are held open, each as the file was when it was opened.
struct FilmShelf {
    private struct Held {
        var film: OpenFilm
        /// What the file system said of the file.
        var facts: FileFacts
        var lastUse: Moment
    }

    /// By their paths.
    private var films: [String: Held] = [:]

    /// How many there are.
    var count: Int { films.count }

    /// The film at a path, which is used now; `nil` when it is not open, or the file is another one by now.
    mutating func take(at path: String, facts: FileFacts, now: Moment) -> OpenFilm? {
        guard let held = films[path], held.facts == facts else { return nil }
        films[path]?.lastUse = now
        return held.film
    }

    /// The film that parts name so; `nil` when it is not open. Of files with the same content it is the one that was
    /// used last: a file that was renamed is still held open below its old name.
    func film(ofPlan plan: String) -> OpenFilm? {
        films.values.filter { $0.film.plan.id == plan }.max { $0.lastUse < $1.lastUse }?.film
    }

    /// Closes the film at a path where there is none any more.
    mutating func close(at path: String) { films[path] = nil }

    /// Holds a film open in the place of what was at its path.
    mutating func put(_ film: OpenFilm, facts: FileFacts, now: Moment) {
        films[film.path] = Held(film: film, facts: facts, lastUse: now)
    }

    /// Closes films that nobody watches, the longest unused first, where there are more than `most`.
    ///
    /// - Parameter used: the films that are watched, as parts name them.
    mutating func close(besides used: Set<String>, most: Int) {
        let idle = films.filter { !used.contains($0.value.film.plan.id) }.sorted { $0.value.lastUse < $1.value.lastUse }
        for (path, _) in idle.prefix(max(0, films.count - most)) { films[path] = nil }
    }
}
