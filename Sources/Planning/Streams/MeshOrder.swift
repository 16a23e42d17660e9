// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What a worker must know to make parts of a stream that several workers make.
package struct MeshOrder: Codable, Sendable, Equatable {
    /// The film, as it was scanned once for all.
    package var film: StreamFilm
    /// How it is encoded.
    package var options: StreamOptions
    /// The source below the directory that holds all media roots: `movies/sci-fi/film.mkv` for `movies:sci-fi/film.mkv`.
    package var sourcePath: String

    /// Makes an order.
    package init(film: StreamFilm, options: StreamOptions, sourcePath: String) {
        self.film = film
        self.options = options
        self.sourcePath = sourcePath
    }
}
