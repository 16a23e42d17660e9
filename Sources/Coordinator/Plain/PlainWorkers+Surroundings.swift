// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

extension PlainWorkers {
    /// What streams work with.
    package struct Surroundings: Sendable {
        /// Calls workers.
        package var caller: any HTTPCaller
        /// Keeps streams.
        package var records: RecordFiles<StreamRecord>
        /// Tells the time.
        package var time: any TimeSource
        /// Finds what a user named; throws a `CodedError` when that is in no media root.
        package var locate: @Sendable (String) throws -> MediaAddress
        /// The length of a source; `nil` when it cannot be told. May take its time.
        package var length: @Sendable (MediaAddress) async -> Duration?
        /// Makes names of jobs, no two alike.
        package var newID: @Sendable () -> JobID

        /// Makes surroundings.
        package init(
            caller: any HTTPCaller, records: RecordFiles<StreamRecord>, time: any TimeSource,
            locate: @escaping @Sendable (String) throws -> MediaAddress,
            length: @escaping @Sendable (MediaAddress) async -> Duration?, newID: @escaping @Sendable () -> JobID
        ) {
            self.caller = caller
            self.records = records
            self.time = time
            self.locate = locate
            self.length = length
            self.newID = newID
        }
    }
}
