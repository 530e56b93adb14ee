import Testing
import Text

@Suite struct DecimalDigitsTests {
    @Test(arguments: [0, 1, 9, 10, 99, 100, 1_767_607_200, -1, -10, .max, .min] as [Int64])
    func `a number is written as its description has it`(number: Int64) {
        var bytes = Array("n=".utf8)
        bytes.append(decimal: number)
        #expect(String(decoding: bytes, as: UTF8.self) == "n=\(number)")
    }
}
