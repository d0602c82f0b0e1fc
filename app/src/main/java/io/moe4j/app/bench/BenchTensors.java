package io.moe4j.app.bench;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** What a rank computes on: tensors with memory of their own, freed together. */
final class BenchTensors implements AutoCloseable {
    private final RankContext rank;
    private final List<Memory> memories = new ArrayList<>();

    BenchTensors(RankContext rank) {
        this.rank = rank;
    }

    /** Its content is undefined. */
    Tensor empty(DType dtype, long... shape) {
        Memory memory = rank.device().allocate(Math.max(1, Tensor.bytes(dtype, shape)), "benchmark");
        memories.add(memory);
        return Tensor.of(memory, 0, dtype, shape);
    }

    /** Values in [-1, 1). */
    Tensor random(DType dtype, long... shape) {
        Tensor tensor = empty(dtype, shape);
        BenchValues.random(rank.stream(), tensor, rank.rank());
        return tensor;
    }

    /** I32. */
    Tensor of(int[] values, long... shape) {
        Tensor tensor = empty(DType.I32, shape);
        rank.stream().upload(MemorySegment.ofArray(values), tensor);
        return tensor;
    }

    /** The caller sees to it that no stream uses them any more. */
    @Override
    public void close() {
        memories.reversed().forEach(Memory::close);
    }
}
