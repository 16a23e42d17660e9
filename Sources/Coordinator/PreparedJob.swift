// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPlanning
package import MartletPorts
internal import MartletScheduling

/// Everything about a job that is known before the first frame is encoded.
package struct PreparedJob: Sendable, Equatable {
    /// The plan.
    package var plan: JobPlan
    /// The source's frames; `nil` when it has no picture.
    package var index: FrameIndex?
    /// The ffmpeg build that the plan is for.
    package var build: EncoderBuild
    /// What the plan says besides, when it is for a copy with one clock; `nil` when it is for the source itself.
    var restamping: Restamping?

    /// Whether the picture is planned for hardware, and software may take over.
    var mayFallBack: Bool {
        let profile = plan.encoder.flatMap { EncoderProfile.named($0) }
        return profile?.family.isHardware == true && plan.parameters.mayFallBack
    }

    /// Whether a task that was kept belongs to this plan, and not to one before it.
    func holds(_ task: TaskSpecification) -> Bool { !task.belongsToPicture || task.encoder == plan.encoder }

    /// The part of the source's file that a task reads besides head and end; `nil` when that cannot be told, or is all.
    func sourceBytes(of task: TaskSpecification) -> Range<Int64>? {
        switch task.kind {
        case .analyse(let segment), .encode(let segment), .measure(let segment):
            guard plan.segments.indices.contains(segment) else { return nil }
            return index?.bytes(of: plan.segments[segment], fileSize: plan.source.fingerprint.size.bytes)
        case .audio, .subtitle: return nil
        }
    }

    /// The tasks that follow those completed; empty when nothing is left to do.
    ///
    /// - Throws: `PlanningError`.
    package func nextTasks(completed: [TaskID: Artifact]) throws -> [TaskSpecification] {
        try StagePlanner(plan: plan, index: index, codecMajorVersion: build.codecMajorVersion)
            .nextTasks(completed: completed)
    }

    /// The effort that probably follows a stage; 0 when that is the last one.
    func laterCost(after stage: [TaskSpecification], completed: [TaskID: Artifact]) throws -> Double {
        try StagePlanner(plan: plan, index: index, codecMajorVersion: build.codecMajorVersion)
            .laterCost(after: stage, completed: completed)
    }

    /// The task whose result is the picture of each segment, in order.
    func segmentTasks(completed: [TaskID: Artifact]) throws -> [TaskID] {
        try StagePlanner(plan: plan, index: index, codecMajorVersion: build.codecMajorVersion)
            .segmentTasks(completed: completed)
    }
}
