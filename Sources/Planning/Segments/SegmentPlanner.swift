// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Cuts a film into segments.
///
/// The wanted length is counted in frames, and is never under 300 of them
/// (except for `SplitMethod.fixed`, and for a film of less than one and a half
/// segments, which is cut into halves): a segment costs bytes by the key frames
/// that the encoder would not have placed itself, and it places one every 250
/// frames anyway. It is the same for short and long films: longer segments
/// save less than 0.5 % of the bytes, and a rule that knows the number of
/// workers would make the result depend on the cluster.
package struct SegmentPlanner: Sendable {
    /// The least wanted length of a segment, in frames.
    package static let minimumFrames = 300

    private let index: FrameIndex
    private let seeks: SeekPlanner
    private let wantedTicks: Int64
    private let split: SplitMethod

    /// Makes a planner.
    ///
    /// - Parameters:
    ///   - index: the frames of the film.
    ///   - source: the file that they are in.
    ///   - durationMilliseconds: the wanted length of a segment, positive.
    ///   - split: where segments may begin.
    package init(index: FrameIndex, source: SourceDescription, durationMilliseconds: Int64, split: SplitMethod) {
        self.index = index
        self.split = split
        seeks = SeekPlanner(index: index, source: source)
        wantedTicks = max(
            1, MediaTime(ticks: durationMilliseconds, timeBase: TimeBase(1, 1000)).rescaled(to: index.timeBase))
    }

    /// The segments in order; together they hold every frame once. Empty without frames.
    ///
    /// - Parameter sceneFrames: the ordinals of frames that begin a scene,
    ///   ascending; read for `SplitMethod.scenes` only.
    package func segments(sceneFrames: [Int] = []) -> [Segment] {
        guard index.frameCount > 0 else { return [] }
        let edges = [0] + (index.isSeekable ? laterEdges(sceneFrames: sceneFrames) : []) + [index.frameCount]
        return zip(edges, edges.dropFirst()).enumerated().map { number, edge in
            let times = index.presentationTimes[edge.0..<edge.1]
            return Segment(
                index: number, firstFrame: edge.0, frameCount: edge.1 - edge.0,
                startTime: index.presentationTimes[edge.0],
                endTime: edge.1 < index.frameCount ? index.presentationTimes[edge.1] : nil,
                timesDigest: StableHash.digest(of: times), seek: seeks.seek(to: edge.0))
        }
    }

    /// Every edge between the first frame and the end.
    private func laterEdges(sceneFrames: [Int]) -> [Int] {
        let keyframes = index.keyframes.map(\.frame)
        let origin = index.presentationTimes[0]
        var edges: [Int] = []
        var previous = 0
        while true {
            let target: Int
            switch split {
            case .fixed:
                let passed = (index.presentationTimes[previous] - origin) / wantedTicks
                target = max(previous + 1, firstFrame(at: origin + (passed + 1) * wantedTicks))
            case .keyframes, .scenes:
                let byTime = firstFrame(at: index.presentationTimes[previous] + wantedTicks)
                target = max(byTime, previous + Self.minimumFrames)
            }
            guard target < index.frameCount else { return edges }
            let length = target - previous
            let half = (length + 1) / 2
            // Past this frame the rest would be too short for a segment of its own.
            let latest = index.frameCount - half
            let farthest = target <= latest ? min(target + length / 2, latest) : target + length / 2
            var edge: Int?
            if split == .scenes {
                edge = nearest(to: target, in: sceneFrames, from: previous + half, through: farthest)
            }
            if split != .fixed {
                edge = edge ?? nearest(to: target, in: keyframes, from: previous + half, through: farthest)
            }
            let chosen = edge ?? target
            guard chosen <= latest, chosen > previous else {
                // Too short for a whole segment and a half, but long enough for two halves: one
                // segment would keep one processor busy, however many there are.
                guard edges.isEmpty, split != .fixed else { return edges }
                let middle = index.frameCount / 2
                return [nearest(to: middle, in: keyframes, from: half, through: latest) ?? middle]
            }
            edges.append(chosen)
            previous = chosen
        }
    }

    /// The first frame at or after a time; the frame count when there is none.
    private func firstFrame(at time: Int64) -> Int {
        partitionPoint(index.presentationTimes) { $0 < time }
    }

    /// The element nearest to `target` within bounds, the earlier of two.
    private func nearest(to target: Int, in frames: [Int], from first: Int, through last: Int) -> Int? {
        guard first <= last else { return nil }
        var best: Int?
        var position = partitionPoint(frames) { $0 < first }
        while position < frames.count, frames[position] <= last {
            let frame = frames[position]
            if let found = best, abs(found - target) <= abs(frame - target) { break }
            best = frame
            position += 1
        }
        return best
    }
}

/// The number of leading elements for which `isBefore` holds; the list must be
/// partitioned by it. O(log n).
func partitionPoint<Element>(_ list: [Element], _ isBefore: (Element) -> Bool) -> Int {
    var (low, high) = (0, list.count)
    while low < high {
        let middle = low + (high - low) / 2
        if isBefore(list[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
}
