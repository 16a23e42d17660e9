// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
package import MartletWire

/// Everything outside that a cluster's coordinator works with.
package struct ClusterSurroundings: Sendable {
    /// Plans jobs for the ffmpeg builds that a catalog tells of.
    package var preparation: @Sendable (any EncoderCatalog) -> JobPreparation
    /// Understands what users submit.
    ///
    /// Throws a `CodedError` that names the field.
    package var read: @Sendable (JobSubmission) throws -> JobOrder
    /// Opens the records; asked again after they failed.
    package var openStore: @Sendable () async throws -> any JobStore
    /// Reads media files.
    package var prober: any MediaProber
    /// Joins results.
    package var assembler: any Assembler
    /// Checks outputs.
    package var verifier: any Verifier
    /// Measures outputs.
    package var meter: any QualityMeter
    /// Keeps files.
    package var files: any FileStore & FileParts
    /// Tells the time.
    package var time: any TimeSource
    /// Draws the names of new jobs: lower-case letters, digits and dashes.
    package var newName: @Sendable () -> String

    /// Shows jobs before they are done; `nil` shows none.
    package var previews: Previews?

    /// Called when no job is left to be worked on.
    package var rested: @Sendable () -> Void = {}

    /// Makes surroundings from their parts.
    package init(
        preparation: @escaping @Sendable (any EncoderCatalog) -> JobPreparation,
        read: @escaping @Sendable (JobSubmission) throws -> JobOrder,
        openStore: @escaping @Sendable () async throws -> any JobStore, prober: any MediaProber,
        assembler: any Assembler, verifier: any Verifier, meter: any QualityMeter,
        files: any FileStore & FileParts, time: any TimeSource, newName: @escaping @Sendable () -> String
    ) {
        self.preparation = preparation
        self.read = read
        self.openStore = openStore
        self.prober = prober
        self.assembler = assembler
        self.verifier = verifier
        self.meter = meter
        self.files = files
        self.time = time
        self.newName = newName
    }

    /// What a coordinator needs of it.
    func coordinator(store: any JobStore, catalog: any EncoderCatalog) -> CoordinatorSurroundings {
        CoordinatorSurroundings(
            preparation: preparation(catalog), prober: prober, store: store, assembler: assembler,
            verifier: verifier, meter: meter, files: files, time: time)
    }
}
