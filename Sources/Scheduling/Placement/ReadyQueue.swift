// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The tasks of a job that can be given out, the first at hand.
///
/// Tasks that ask the same of a worker wait in one line, so that a worker that
/// cannot have the first of a line need not look at the others. Adding and
/// taking cost O(log n), finding the first for a worker O(lines).
package struct ReadyQueue: Equatable, Sendable {
    private struct Entry: Comparable, Sendable {
        var cost: Double
        var id: TaskID
        /// Tells an entry that counts from one of a task that left meanwhile.
        var stamp: Int
        var isInFilmOrder: Bool

        static func < (left: Entry, right: Entry) -> Bool {
            left.isInFilmOrder || left.cost == right.cost ? left.id < right.id : left.cost > right.cost
        }
    }

    /// Tasks of one encoder that need the same memory and failed nowhere.
    private struct Line: Equatable, Sendable {
        var encoder: String
        var memory: ByteCount
        var heap = BinaryHeap<Entry>()
    }

    private var lines: [Line] = []
    private var stamps: [TaskID: Int] = [:]
    private var lastStamp = 0
    /// Those that failed somewhere, in order; few.
    private var doubtful: [ReadyTask] = []
    /// Those whose inputs a worker fetches already.
    private var promised: [WorkerID: [ReadyTask]] = [:]
    /// Who fetches the inputs of each of those.
    private var fetchers: [TaskID: WorkerID] = [:]
    /// Whether tasks are given out in the order of the film, and not the longest first.
    private var isInFilmOrder = false

    /// Makes a queue of tasks.
    ///
    /// - Parameter isInFilmOrder: whether they are given out in the order of the film, and not the longest first.
    package init(_ tasks: [ReadyTask] = [], isInFilmOrder: Bool = false) {
        self.isInFilmOrder = isInFilmOrder
        for task in tasks { insert(task) }
    }

    /// How many tasks wait.
    package var count: Int { stamps.count + doubtful.count + fetchers.count }
    /// Whether none waits.
    package var isEmpty: Bool { count == 0 }
    /// What the waiting tasks encode with.
    package var encoders: Set<String> {
        var result = Set((doubtful + promised.values.joined()).map(\.encoder))
        for line in lines where !line.heap.isEmpty { result.insert(line.encoder) }
        return result
    }

    /// All tasks, in the order in which a worker that can do everything gets them. Costs O(n log n).
    package var tasks: [ReadyTask] {
        var result = doubtful + promised.values.joined()
        for line in lines { result += tasks(of: line) }
        return result.sorted { $0.precedes($1) }
    }

    private func tasks(of line: Line) -> [ReadyTask] {
        var (result, heap) = ([ReadyTask](), line.heap)
        while let entry = heap.popFirst() {
            if stamps[entry.id] == entry.stamp { result.append(task(entry, of: line)) }
        }
        return result
    }

    private func task(_ entry: Entry, of line: Line) -> ReadyTask {
        var task = ReadyTask(id: entry.id, cost: entry.cost, memory: line.memory, encoder: line.encoder)
        task.isInFilmOrder = entry.isInFilmOrder
        return task
    }

    /// Gives tasks out in the order of the film from now on, since somebody watches it. Costs O(n log n).
    package mutating func followFilm() {
        guard !isInFilmOrder else { return }
        let waiting = doubtful + lines.flatMap(tasks)
        (lines, doubtful, stamps) = ([], [], [:])
        isInFilmOrder = true
        for worker in promised.keys {
            for index in promised[worker, default: []].indices { promised[worker]?[index].isInFilmOrder = true }
        }
        for task in waiting { insert(task) }
    }

    package static func == (left: ReadyQueue, right: ReadyQueue) -> Bool { left.tasks == right.tasks }

    /// Adds a task.
    package mutating func insert(_ task: ReadyTask) {
        var task = task
        task.isInFilmOrder = isInFilmOrder
        guard task.failedOn.isEmpty else {
            let index = doubtful.firstIndex { task.precedes($0) } ?? doubtful.count
            doubtful.insert(task, at: index)
            return
        }
        lastStamp += 1
        stamps[task.id] = lastStamp
        let entry = Entry(cost: task.cost, id: task.id, stamp: lastStamp, isInFilmOrder: isInFilmOrder)
        if let index = lines.firstIndex(where: { $0.memory == task.memory && $0.encoder == task.encoder }) {
            lines[index].heap.insert(entry)
            return
        }
        var line = Line(encoder: task.encoder, memory: task.memory)
        line.heap.insert(entry)
        lines.append(line)
    }

    /// Takes a task out; nothing happens when it is not there.
    package mutating func remove(_ task: TaskID) {
        // Its entry in a line stays until it comes to the front.
        if stamps.removeValue(forKey: task) != nil { return }
        if let worker = fetchers.removeValue(forKey: task) {
            promised[worker]?.removeAll { $0.id == task }
            if promised[worker]?.isEmpty == true { promised[worker] = nil }
        } else {
            doubtful.removeAll { $0.id == task }
        }
    }

    /// The cost of the first task; 0 when there is none.
    mutating func firstCost() -> Double {
        first { _ in true }?.cost ?? 0
    }

    /// The first task that a worker may have.
    ///
    /// - Parameters:
    ///   - worker: what it fetches inputs for comes first, and what others fetch for comes last.
    ///   - isAllowed: whether it may have a task; asked once for all tasks of a line.
    mutating func first(for worker: WorkerID? = nil, where isAllowed: (ReadyTask) -> Bool) -> ReadyTask? {
        if let worker, let own = promised[worker]?.first(where: isAllowed) { return own }
        if let task = firstUnpromised(where: isAllowed) { return task }
        return promised.values.joined().filter(isAllowed).min { $0.precedes($1) }
    }

    /// The first task that a worker may have and nobody fetches inputs for.
    mutating func firstUnpromised(where isAllowed: (ReadyTask) -> Bool) -> ReadyTask? {
        var best = doubtful.first(where: isAllowed)
        for index in lines.indices {
            guard let task = head(of: index), isAllowed(task) else { continue }
            if best.map({ task.precedes($0) }) ?? true { best = task }
        }
        return best
    }

    /// A worker begins to fetch the inputs of a task, which waits for it as long as others have enough to do.
    mutating func promise(_ task: ReadyTask, to worker: WorkerID) {
        remove(task.id)
        promised[worker, default: []].append(task)
        fetchers[task.id] = worker
    }

    /// A worker is gone, and what it fetched inputs for waits with all others.
    mutating func withdrawPromises(to worker: WorkerID) {
        for task in promised.removeValue(forKey: worker) ?? [] {
            fetchers[task.id] = nil
            insert(task)
        }
    }

    private mutating func head(of index: Int) -> ReadyTask? {
        while let entry = lines[index].heap.first {
            if stamps[entry.id] == entry.stamp {
                return task(entry, of: lines[index])
            }
            _ = lines[index].heap.popFirst()
        }
        return nil
    }
}
