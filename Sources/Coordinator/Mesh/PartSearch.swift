// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletScheduling
internal import MartletWire

/// Finds a worker that has a part, by asking one after the other to make it.
///
/// Who fails is left behind at once. Who is late, by what such parts took of late, is not given up: the next one is asked
/// besides, and whoever has the part first is the one. A worker that was late is asked last for a while, so that one that
/// hangs costs the viewers that time once.
actor PartSearch {
    /// What came of a search.
    enum Outcome: Sendable, Equatable {
        /// The address of the file at a worker that has it.
        case found(String)
        /// Nobody makes it: what each one said who was asked, and whether one of them may say otherwise in a moment.
        case nobody(reasons: [String], mayPass: Bool)
    }

    /// What becomes of a question.
    private enum News: Sendable {
        case has(WorkerID, address: String, after: Duration)
        case hasNot(WorkerID, reason: String, mayPass: Bool)
        case isLate(WorkerID)
        case nothing
    }

    /// How long a worker is waited for at the most. Nobody waits for it alone, unless it is the only one.
    private static let patience = Duration.seconds(90)
    /// How long a worker that was late is asked last.
    private static let probation = Duration.seconds(30)

    private let caller: any HTTPTransfers
    private let time: any TimeSource
    private var paces: [String: PartPace] = [:]
    /// Who was late, and until when that counts.
    private var late: [WorkerID: Moment] = [:]

    /// Makes a search that knows nobody.
    init(caller: any HTTPTransfers, time: any TimeSource) {
        self.caller = caller
        self.time = time
    }

    /// Has a file made by one of the workers, each of which is asked once.
    ///
    /// - Parameters:
    ///   - path: the file's, at all workers.
    ///   - part: what the order of workers goes by.
    ///   - kind: parts that take about as long as one another.
    ///   - makers: where the workers listen.
    func address(
        of path: String, part: String, kind: String, makers: [WorkerID: String]
    ) async -> Outcome {
        let now = time.now()
        late = late.filter { now < $0.value }
        let all = Rendezvous.order(of: makers.keys, for: part)
        var rest = (all.filter { late[$0] == nil } + all.filter { late[$0] != nil })[...]
        let allowance = paces[kind, default: PartPace()].allowance
        return await withTaskGroup(of: News.self) { group in
            var asked: Set<WorkerID> = []
            var (reasons, mayPass): ([String], Bool) = ([], false)
            func askNext() {
                guard let worker = rest.popFirst(), let authority = makers[worker] else { return }
                asked.insert(worker)
                let address = "http://\(authority)\(path)"
                group.addTask { await self.ask(worker, for: address) }
                group.addTask { [time] in
                    (try? await time.sleep(until: time.now() + allowance)) == nil ? .nothing : .isLate(worker)
                }
            }
            askNext()
            while !asked.isEmpty, let news = await group.next() {
                switch news {
                case .has(let worker, let address, let duration):
                    late[worker] = nil
                    paces[kind, default: PartPace()].took(duration)
                    group.cancelAll()
                    return .found(address)
                case .hasNot(let worker, let reason, let isPassing):
                    reasons.append(reason)
                    mayPass = mayPass || isPassing
                    asked.remove(worker)
                    askNext()
                case .isLate(let worker) where asked.contains(worker):
                    late[worker] = time.now() + Self.probation
                    askNext()
                case .isLate, .nothing: break
                }
            }
            group.cancelAll()
            return .nobody(reasons: reasons, mayPass: mayPass)
        }
    }

    private func ask(_ worker: WorkerID, for address: String) async -> News {
        let start = time.now()
        let call = HTTPCall("HEAD", address, connectTimeout: .seconds(2), stallTimeout: Self.patience)
        do {
            let answer = try await caller.call(call, limit: 1 << 10)
            guard answer.status != 200 else { return .has(worker, address: address, after: time.now() - start) }
            let code = answer.headers[DataPlane.problemCode].map { ": \($0)" } ?? ""
            return .hasNot(
                worker, reason: "\(worker) answers \(answer.status)\(code)", mayPass: answer.status == 503)
        } catch {
            let message = (error as? any CodedError)?.message ?? "\(error)"
            return .hasNot(worker, reason: "\(worker): \(message)", mayPass: true)
        }
    }
}
