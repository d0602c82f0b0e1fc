package io.moe4j.app.bench;

/**
 * Something that is timed by itself.
 *
 * @param name of the part
 * @param bytes that must move, each operand once
 * @param linkBytes of them that go from one device to another
 * @param flops of its products, a multiply-add being two
 */
record BenchPart(String name, double bytes, double linkBytes, double flops) {

    /** A part in which nothing goes from one device to another. */
    BenchPart(String name, double bytes, double flops) {
        this(name, bytes, 0, flops);
    }

    /** The time below which the part cannot go on devices of these rates, in seconds. */
    double floor(MachineRates rates) {
        double onDevices = Math.max(bytes / rates.copyBytesPerSecond(), flops / rates.matmulFlopsPerSecond());
        return linkBytes == 0 ? onDevices : Math.max(onDevices, linkBytes / rates.linkBytesPerSecond());
    }

    /** Calls that do this part once. */
    Work by(Runnable call) {
        return new Work(this, call);
    }

    /**
     * A part and what does it.
     *
     * @param call enqueues it on the rank's stream
     */
    record Work(BenchPart part, Runnable call) {

        /** The same under another name. */
        Work named(String name) {
            return new Work(new BenchPart(name, part.bytes(), part.linkBytes(), part.flops()), call);
        }
    }

    /**
     * A part and what it took.
     *
     * @param samples seconds, of one call each
     */
    record Timed(BenchPart part, Samples samples) {}
}
