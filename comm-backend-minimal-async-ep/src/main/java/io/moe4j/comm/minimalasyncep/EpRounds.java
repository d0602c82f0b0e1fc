package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * The rounds of a plan, in device memory.
 *
 * @param rounds_1 I32: how many rounds the plan needs, the same on all ranks, at least 1
 * @param round_1 I32: the round that is under way, from 1; the first round, 0, needs no counter
 * @param ends_e I32: running sums of the rows of this rank's experts in all rounds together
 * @param offsets_e I32: running sums of the rows of this rank's experts in the round that is under way
 * @param before_1 I32: of the first expert that has rows in that round, how many rows were in earlier rounds
 */
record EpRounds(Tensor rounds_1, Tensor round_1, Tensor ends_e, Tensor offsets_e, Tensor before_1) {

    /** In kept memory, like the plan. */
    static EpRounds keep(MemoryStack memory, int localExperts) {
        return new EpRounds(memory.keep("exchange plans", DType.I32, 1), memory.keep("exchange plans", DType.I32, 1),
                memory.keep("exchange plans", DType.I32, localExperts),
                memory.keep("exchange plans", DType.I32, localExperts), memory.keep("exchange plans", DType.I32, 1));
    }

    /** The rounds after the first. */
    DeviceLoop loop(int maxRounds) {
        return DeviceLoop.of(round_1, rounds_1, maxRounds).withFirst(1);
    }
}
