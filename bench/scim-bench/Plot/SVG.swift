// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Plots as elements of a page: no script, no font, no picture from elsewhere. Colours come from the page's style sheet.
enum SVG {
    /// So many colours has the style sheet: `s0` and so on.
    static let colours = 6
    private static let mostTicks = 12

    static func text(_ chart: LineChart) -> String {
        let points = chart.lines.flatMap(\.points)
        let xs = points.map(\.x) + chart.bands.flatMap { [$0.from, $0.to] }
        guard let first = xs.min(), let last = xs.max() else { return figure(chart.title, [], "") }
        let area = PlotArea(xRange: first...max(last, first + .ulpOfOne), most: points.map(\.y).max() ?? 0)
        var body = chart.bands.map { band(in: area, $0) }.joined() + area.grid + xAxis(chart, area)
        for (number, line) in chart.lines.enumerated() {
            let path = line.points.map { "\(Self.number(area.x($0.x))),\(Self.number(area.y($0.y)))" }
            body += "<polyline class=\"s\(number % colours)\" points=\"\(path.joined(separator: " "))\"/>"
            if !chart.labels.isEmpty || line.points.count == 1 {
                for point in line.points {
                    body +=
                        "<circle class=\"s\(number % colours)\" r=\"3\" cx=\"\(Self.number(area.x(point.x)))\" "
                        + "cy=\"\(Self.number(area.y(point.y)))\"><title>\(escaped(line.name)): "
                        + "\(PlotArea.label(point.y))</title></circle>"
                }
            }
        }
        return figure(chart.title, chart.lines.map(\.name), body)
    }

    static func text(_ chart: BarChart) -> String {
        let most = chart.groups.flatMap(\.bars).compactMap { $0.value?.maximum }.max() ?? 0
        let area = PlotArea(xRange: 0...Double(max(1, chart.groups.count)), most: most)
        let bottom = area.y(0)
        var body = area.grid
        for (place, group) in chart.groups.enumerated() {
            let (left, right) = (area.x(Double(place) + 0.15), area.x(Double(place) + 0.85))
            let width = min(60, (right - left) / Double(max(1, group.bars.count)))
            let begin = (left + right - width * Double(group.bars.count)) / 2
            for (number, bar) in group.bars.enumerated() {
                guard let value = bar.value else { continue }
                let x = begin + width * Double(number)
                let y = area.y(value.median)
                body +=
                    "<rect class=\"s\(number % colours)\" x=\"\(Self.number(x + 1))\" y=\"\(Self.number(y))\" "
                    + "width=\"\(Self.number(width - 2))\" height=\"\(Self.number(bottom - y))\">"
                    + "<title>\(escaped(bar.name)): \(PlotArea.label(value.median))</title></rect>"
                let middle = Self.number(x + width / 2)
                body +=
                    "<line class=\"spread\" x1=\"\(middle)\" x2=\"\(middle)\" y1=\"\(Self.number(area.y(value.minimum)))\" "
                    + "y2=\"\(Self.number(area.y(value.maximum)))\"/>"
            }
            body += tick((left + right) / 2, group.label)
        }
        return figure(chart.title, chart.groups.first?.bars.map(\.name) ?? [], body)
    }

    // MARK: - Parts

    private static func xAxis(_ chart: LineChart, _ area: PlotArea) -> String {
        if chart.labels.isEmpty {
            let step = PlotArea.step(for: area.xRange.upperBound - area.xRange.lowerBound)
            let first = (area.xRange.lowerBound / step).rounded(.up) * step
            let marks = stride(from: first, through: area.xRange.upperBound, by: step)
            return marks.map { tick(area.x($0), PlotArea.label($0)) }.joined()
                + tick((PlotArea.left + PlotArea.width) / 2, chart.xTitle, line: 1)
        }
        let every = (chart.labels.count + mostTicks - 1) / mostTicks
        return chart.labels.enumerated().filter { $0.offset % max(1, every) == 0 }
            .map { tick(area.x(Double($0.offset)), $0.element) }.joined()
    }

    private static func tick(_ x: Double, _ label: String, line: Int = 0) -> String {
        "<text class=\"tick\" text-anchor=\"middle\" x=\"\(number(x))\" "
            + "y=\"\(number(PlotArea.height - PlotArea.bottom + 15 + Double(line) * 14))\">\(escaped(label))</text>"
    }

    private static func band(in area: PlotArea, _ band: LineChart.Band) -> String {
        let (left, right) = (area.x(band.from), area.x(band.to))
        return
            "<rect class=\"band\" x=\"\(number(left))\" y=\"\(number(PlotArea.top))\" width=\"\(number(right - left))\" "
            + "height=\"\(number(PlotArea.height - PlotArea.top - PlotArea.bottom))\"/>"
            + "<text class=\"tick\" x=\"\(number(left + 4))\" y=\"\(number(PlotArea.top + 12))\">\(escaped(band.label))</text>"
    }

    private static func figure(_ title: String, _ names: [String], _ body: String) -> String {
        let legend = names.enumerated().map { number, name in
            "<span><i class=\"s\(number % colours)\"></i>\(escaped(name))</span>"
        }.joined(separator: " ")
        return "<figure><figcaption>\(escaped(title))</figcaption>"
            + (names.count > 1 ? "<p class=\"legend\">\(legend)</p>" : "")
            + "<svg role=\"img\" aria-label=\"\(escaped(title))\" viewBox=\"0 0 \(number(PlotArea.width)) "
            + "\(number(PlotArea.height))\">\(body)</svg></figure>"
    }

    static func number(_ value: Double) -> String { Figure.shortest((value * 10).rounded() / 10) }

    /// For text and attributes of HTML and SVG.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
