package io.moe4j.app.bench;

/**
 * Something that is timed by itself.
 *
 * @param name of the part
 * @param bytes the least number of bytes that must move: each operand once
 * @param linkBytes the part of {@code bytes} that goes from one device to another
 * @param flops floating-point operations of its products; a multiply-add counts as two
 */
record BenchPart(String name, double bytes, double linkBytes, double flops) {

    /** A part in which nothing goes from one device to another. */
    BenchPart(String name, double bytes, double flops) {
        this(name, bytes, 0, flops);
    }

    /** The least time, in seconds, that the part can take on devices with these rates. */
    double floor(MachineRates rates) {
        double onDevices = Math.max(bytes / rates.copyBytesPerSecond(), flops / rates.matmulFlopsPerSecond());
        return linkBytes == 0 ? onDevices : Math.max(onDevices, linkBytes / rates.linkBytesPerSecond());
    }

    /** This part with a call that does it once. */
    Work by(Runnable call) {
        return new Work(this, call);
    }

    /**
     * A part and the call that runs it.
     *
     * @param call enqueues the part on the rank's stream
     */
    record Work(BenchPart part, Runnable call) {

        /** The same under another name. */
        Work named(String name) {
            return new Work(new BenchPart(name, part.bytes(), part.linkBytes(), part.flops()), call);
        }
    }

    /**
     * A part and its measured times.
     *
     * @param samples seconds of one call each
     */
    record Timed(BenchPart part, Samples samples) {}
}
