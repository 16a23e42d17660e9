// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Cuts a film into segments.
///
/// The wanted length is counted in frames, and is never under 300 of them
/// (except for `SplitMethod.fixed`): a segment costs bytes by the key frames
/// that the encoder would not have placed itself, and it places one every 250
/// frames anyway. Each edge falls on the key frame of the source nearest to it,
/// so that segments have half to one and a half of the wanted length; longer
/// ones save less than 0.5 % of the bytes, and a rule that knows the number of
/// workers would make the result depend on the cluster.
///
/// A short film is cut into an even number of segments as like as key frames
/// allow. An odd one out, or a rest, would keep one processor busy while the
/// others wait; in a long film the scheduler hides that.
package struct SegmentPlanner: Sendable {
    /// The least wanted length of a segment, in frames.
    package static let minimumFrames = 300
    /// Below how many segments a film is short.
    private static let fewSegments = 7

    private let index: FrameIndex
    private let seeks: SeekPlanner
    private let wantedTicks: Int64
    private let split: SplitMethod
    private let constantRate: Rational?

    /// Makes a planner.
    ///
    /// - Parameters:
    ///   - index: the frames of the film.
    ///   - source: the file that they are in.
    ///   - durationMilliseconds: the wanted length of a segment, positive.
    ///   - split: where segments may begin.
    ///   - constantRate: the rate that is wanted of the result; `nil` keeps every frame at its own time.
    package init(
        index: FrameIndex, source: SourceDescription, durationMilliseconds: Int64, split: SplitMethod,
        constantRate: Rational? = nil
    ) {
        self.index = index
        self.constantRate = constantRate
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
        let later = index.isSeekable ? laterEdges(sceneFrames: sceneFrames) : []
        let edges = [0] + showing(later) + [index.frameCount]
        return zip(edges, edges.dropFirst()).enumerated().map { number, edge in
            let times = index.presentationTimes[edge.0..<edge.1]
            return Segment(
                index: number, firstFrame: edge.0, frameCount: edge.1 - edge.0,
                startTime: index.presentationTimes[edge.0],
                endTime: edge.1 < index.frameCount ? index.presentationTimes[edge.1] : nil,
                timesDigest: StableHash.digest(of: times), seek: seeks.seek(to: edge.0))
        }
    }

    /// The edges without those before which a low rate shows nothing: a segment has at least one frame.
    private func showing(_ edges: [Int]) -> [Int] {
        guard let constantRate else { return edges }
        func shown(at time: Int64) -> Int64 { FrameSpan.gridFrame(at: time, index.timeBase, constantRate) }
        func shown(_ frame: Int) -> Int64 { shown(at: index.presentationTimes[frame]) }
        let end = shown(at: (index.presentationTimes.last ?? 0) + index.lastFrameDuration)
        var latest = shown(0)
        return edges.filter { edge in
            guard shown(edge) > latest, shown(edge) < end else { return false }
            latest = shown(edge)
            return true
        }
    }

    /// Every edge between the first frame and the end.
    private func laterEdges(sceneFrames: [Int]) -> [Int] {
        let keyframes = index.keyframes.map(\.frame)
        if split != .fixed {
            let seconds = Double(wantedTicks) / Double(max(index.duration, 1))
            let wanted = max(Self.minimumFrames, Int(seconds * Double(index.frameCount)))
            if index.frameCount < Self.fewSegments * wanted {
                return likeEdges(wanted: wanted, sceneFrames: sceneFrames, keyframes: keyframes)
            }
        }
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
                // Without key frames, each segment decodes all that is before it: so later ones become longer.
                let unseen = seeks.leadIn(to: previous)
                target = max(byTime, previous + max(Self.minimumFrames, unseen / 4))
            }
            guard target < index.frameCount else { return edges }
            let length = target - previous
            let half = (length + 1) / 2
            // Past this frame the rest would be too short for a segment of its own.
            let latest = index.frameCount - half
            let farthest = target <= latest ? min(target + length / 2, latest) : target + length / 2
            let edge =
                split == .fixed
                ? nil : edge(near: target, from: previous + half, through: farthest, sceneFrames, keyframes)
            let chosen = edge ?? target
            guard chosen <= latest, chosen > previous else { return edges }
            edges.append(chosen)
            previous = chosen
        }
    }

    /// The edges of a short film: an even number of segments, each half to one and a half of the wanted length.
    private func likeEdges(wanted: Int, sceneFrames: [Int], keyframes: [Int]) -> [Int] {
        let count = index.frameCount
        guard count > wanted else { return [] }
        let (least, most) = ((wanted + 1) / 2, wanted + wanted / 2)
        let pieces = 2 * max(1, (count + wanted) / (2 * wanted))
        var edges: [Int] = []
        for number in 1..<pieces {
            let (previous, left) = (edges.last ?? 0, pieces - number)
            let middle = previous + (count - previous) / (left + 1)
            let first = max(previous + least, count - left * most)
            let last = min(previous + most, count - left * least)
            edges.append(edge(near: middle, from: first, through: last, sceneFrames, keyframes) ?? middle)
        }
        return edges
    }

    /// The scene change, if those are wanted, or else the key frame nearest to a frame, within bounds.
    private func edge(
        near target: Int, from first: Int, through last: Int, _ sceneFrames: [Int], _ keyframes: [Int]
    ) -> Int? {
        let scene = split == .scenes ? nearest(to: target, in: sceneFrames, from: first, through: last) : nil
        return scene ?? nearest(to: target, in: keyframes, from: first, through: last)
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
