package io.moe4j.trainer.bench;

/**
 * A part of a mixture-of-experts layer, over all ranks.
 *
 * @param name of the part
 * @param bytes that must move, each operand once
 * @param flops of its products, a multiply-add being two
 */
record MoePart(String name, double bytes, double flops) {

    /** The time below which the part cannot go on a machine of these rates, in seconds. */
    double floor(MachineRates rates) {
        return Math.max(bytes / rates.copyBytesPerSecond(), flops / rates.matmulFlopsPerSecond());
    }
}
