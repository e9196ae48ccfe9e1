// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The users of a directory of any size, each worked out from a seed and its number: the same in every process that loads
/// or asks for them.
///
/// Names are spread as in real directories: a few thousand people share each display name's beginning, a few hundred the
/// whole of it, while the user name and every address are one person's.
struct DirectoryUsers: Sendable, Equatable {
    static let largestCount = 10_000_000
    /// How many digits end a user name; see ``digits(of:)``.
    static let digitCount = 10

    let seed: UInt64

    /// What every user name begins with. In lower case, so that it is the same for servers that keep case and others.
    var prefix: String { "load-\(String(seed, radix: 36))-" }

    /// - Parameter number: From 0 to below ``largestCount``.
    func user(_ number: Int) -> DirectoryUser {
        let random = mixed(UInt64(truncatingIfNeeded: number) &+ mixed(seed))
        let given = Self.givenNames[Int(random % UInt64(Self.givenNames.count))]
        let family = Self.familyNames[Int((random >> 16) % UInt64(Self.familyNames.count))]
        let digits = digits(of: number)
        return DirectoryUser(
            userName: "\(prefix)\(given.lowercased()).\(family.lowercased()).\(digits)",
            externalId: Self.uuid(mixed(random), mixed(random &+ 1)), givenName: given, familyName: family,
            workAddress:
                "\(given.lowercased()).\(family.lowercased()).\(digits)@work-\(String(seed, radix: 36)).example",
            homeAddress: "\(digits)@home-\(String(seed, radix: 36)).example",
            department: "Department \((random >> 32) % 50 + 1)", employeeNumber: digits)
    }

    /// Ten digits that no two users share, and that come in no order: an index that only ever grew at its right edge would
    /// be measured too fast.
    func digits(of number: Int) -> String {
        // A prime, so that no two numbers below it have the same product.
        let modulus: UInt64 = 9_999_999_967
        let product = (UInt64(truncatingIfNeeded: number) % modulus) * 1_234_567_891 % modulus
        let text = String((product + mixed(seed) % modulus) % modulus)
        return String(repeating: "0", count: Self.digitCount - text.count) + text
    }

    private static func uuid(_ high: UInt64, _ low: UInt64) -> String {
        let digits = hexadecimal(high) + hexadecimal(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static let givenNames = [
        "Ada", "Alan", "Anita", "Barbara", "Carla", "Claude", "Dana", "David", "Donald", "Edith", "Elena", "Emil",
        "Fatima",
        "Felix", "Grace", "Hanna", "Hassan", "Ida", "Ivan", "Jan", "Johanna", "Jonas", "Karin", "Klaus", "Lena",
        "Linus",
        "Maria", "Mehmet", "Nadia", "Niklas", "Olga", "Oskar", "Paula", "Peter", "Rosa", "Samir", "Sofia", "Thomas",
        "Ursula", "Yusuf",
    ]

    private static let familyNames = [
        "Abel", "Ahmed", "Albrecht", "Arnold", "Bauer", "Becker", "Berger", "Bergmann", "Bianchi", "Boehm", "Brandt",
        "Braun",
        "Busch", "Carlsen", "Demir", "Dietrich", "Dupont", "Eriksen", "Ernst", "Fischer", "Frank", "Friedrich", "Fuchs",
        "Garcia", "Graf", "Gross", "Haas", "Hahn", "Hansen", "Hartmann", "Heinrich", "Hoffmann", "Horn", "Huber",
        "Ivanova",
        "Jaeger", "Jansen", "Jensen", "Kaiser", "Kaya", "Keller", "Klein", "Koch", "Koehler", "Koenig", "Kraemer",
        "Kraus",
        "Krueger", "Kuhn", "Lang", "Lange", "Larsen", "Lehmann", "Lorenz", "Ludwig", "Maier", "Martin", "Mayer",
        "Meyer",
        "Moeller", "Moreau", "Mueller", "Nguyen", "Nielsen", "Novak", "Okafor", "Olsen", "Otto", "Peters", "Petrov",
        "Pfeiffer", "Pohl", "Richter", "Roth", "Rossi", "Sander", "Schmidt", "Schneider", "Scholz", "Schreiber",
        "Schroeder",
        "Schubert", "Schulte", "Schulz", "Schumacher", "Schwarz", "Seidel", "Silva", "Simon", "Sommer", "Stein",
        "Thomas",
        "Vogel", "Voigt", "Wagner", "Weber", "Winkler", "Wolf", "Yilmaz", "Ziegler",
    ]
}
