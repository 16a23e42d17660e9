// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// What a coordinator works with.
package struct CoordinatorSurroundings: Sendable {
    /// Plans jobs.
    package var preparation: JobPreparation
    /// Reads media files.
    package var prober: any MediaProber
    /// Keeps jobs and tasks.
    package var store: any JobStore
    /// Joins results.
    package var assembler: any Assembler
    /// Checks outputs.
    package var verifier: any Verifier
    /// Measures outputs.
    package var meter: any QualityMeter
    /// Keeps files.
    package var files: any FileStore
    /// Tells the time.
    package var time: any TimeSource

    /// Makes surroundings from their parts.
    package init(
        preparation: JobPreparation, prober: any MediaProber, store: any JobStore, assembler: any Assembler,
        verifier: any Verifier,
        meter: any QualityMeter, files: any FileStore, time: any TimeSource
    ) {
        self.preparation = preparation
        self.prober = prober
        self.store = store
        self.assembler = assembler
        self.verifier = verifier
        self.meter = meter
        self.files = files
        self.time = time
    }
}
