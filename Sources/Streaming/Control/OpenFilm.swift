// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPlanning

/// A film that is being streamed.
package struct OpenFilm: Sendable {
    /// Its path below the directory that is served, as addresses have it, not encoded.
    package let name: String
    /// The file, without links.
    package let path: String
    /// What it is.
    package let film: StreamFilm
    /// How it is cut, and what it is offered in.
    package let plan: StreamPlan

    /// Makes it from its parts.
    package init(name: String, path: String, film: StreamFilm, plan: StreamPlan) {
        self.name = name
        self.path = path
        self.film = film
        self.plan = plan
    }
}
