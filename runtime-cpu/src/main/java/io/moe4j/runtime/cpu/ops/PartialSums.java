package io.moe4j.runtime.cpu.ops;

/**
 * The partial sums of a product whose inner dimension is divided into parts. Those of the first part lie in the result, those of the others in separate memory,
 * until they are added in order.
 *
 * @param address the address of the sums of the second part; the sums of the later parts follow
 * @param parts number of parts
 * @param c the result
 */
record PartialSums(long address, long parts, Rows c) {
    /** Elements that the memory at the address must have. */
    static long elements(Panels panels) {
        return (panels.parts() - 1) * panels.m() * panels.n();
    }

    /** Address of an element of the sums of a part. */
    long addressOf(long part, long row, long column) {
        return part == 0 ? c.addressOf(row, column)
                : address + 4 * (((part - 1) * c.count() + row) * c.columns() + column);
    }

    /** Elements from one row to the next in the sums of a part. */
    int lead(long part) {
        return part == 0 ? CpuMatmulOps.lead(c) : Math.toIntExact(c.columns());
    }

    /** Adds the sums of all parts for some rows of the result. */
    void add(long from, long to) {
        for (long row = from; row < to; row++) {
            long result = c.addressOf(row, 0);
            for (long part = 1; part < parts; part++) {
                Flat.add(result, addressOf(part, row, 0), result, c.columns());
            }
        }
    }
}
