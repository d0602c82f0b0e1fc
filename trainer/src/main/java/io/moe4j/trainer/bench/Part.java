package io.moe4j.trainer.bench;

/**
 * Something that is timed by itself.
 *
 * @param name of the part
 * @param bytes that must move, each operand once
 * @param flops of its products, a multiply-add being two
 */
record Part(String name, double bytes, double flops) {

    /** The time below which the part cannot go on a machine of these rates, in seconds. */
    double floor(MachineRates rates) {
        return Math.max(bytes / rates.copyBytesPerSecond(), flops / rates.matmulFlopsPerSecond());
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
    record Work(Part part, Runnable call) {

        /** The same under another name. */
        Work named(String name) {
            return new Work(new Part(name, part.bytes(), part.flops()), call);
        }
    }

    /**
     * A part and what it took.
     *
     * @param samples seconds, of one call each
     */
    record Timed(Part part, Samples samples) {}
}
