// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
package import MartletCoordinator
package import MartletPorts
internal import MartletSQLiteStore
package import MartletWire

extension ClusterSurroundings {
    /// Those of a coordinator with records in a directory of this machine.
    ///
    /// - Parameters:
    ///   - directory: where its records are.
    ///   - media: reads, joins and checks files.
    ///   - read: understands what users submit; throws a `CodedError` that names the field.
    package init(
        in directory: String, media: any MediaProber & Assembler & Verifier & SourceRestamper,
        scenes: any SceneFinder, meter: any QualityMeter, files: any FileStore & FileParts, time: any TimeSource,
        read: @escaping @Sendable (JobSubmission) throws -> JobOrder
    ) {
        self.init(
            preparation: { catalog in
                JobPreparation(prober: media, catalog: catalog, scenes: scenes, restamper: media)
            },
            read: read,
            openStore: { try await SQLiteJobStore.open(path: "\(directory)/state.sqlite") },
            prober: media, assembler: media, verifier: media, meter: meter, files: files, time: time,
            newName: { UUID().uuidString.lowercased() })
    }
}
