// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import MartletWire

/// Others answer for a node whose disk is full.
extension PartWorker: StreamRelief {
    /// Marks a request that must not be passed on once more.
    private static let mark = "Martlet-Relieved"
    /// How many nodes are asked.
    private static let triesPerRequest = 3

    package func answer(to request: HTTPRequest) async -> HTTPResponse? {
        guard request.headers[Self.mark] == nil else { return nil }
        var headers: HTTPHeaders = [Self.mark: "1"]
        headers["Authorization"] = authorization
        headers["Range"] = request.headers["Range"]
        let query = request.query.map { "\(PercentEncoding.encoded($0.name))=\(PercentEncoding.encoded($0.value))" }
        let rest = request.path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        for neighbour in neighbours.prefix(Self.triesPerRequest) {
            let call = HTTPCall(
                request.method, neighbour + rest, headers: headers, connectTimeout: .seconds(2),
                stallTimeout: patience)
            guard let answer = try? await fetchWhole(call), answer.status == 200 || answer.status == 206 else {
                continue
            }
            var taken = HTTPHeaders()
            for field in ["Content-Type", "Content-Range", "Cache-Control", "ETag", "Accept-Ranges"] {
                taken[field] = answer.headers[field]
            }
            noteRelief()
            return HTTPResponse(status: answer.status, headers: taken, body: .bytes(answer.body))
        }
        return nil
    }
}
