package io.moe4j.app.bench;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The tensors that a rank computes on. Each has its own memory; all are freed together. */
final class BenchTensors implements AutoCloseable {
    private final RankContext rank;
    private final List<Memory> memories = new ArrayList<>();

    BenchTensors(RankContext rank) {
        this.rank = rank;
    }

    /** A tensor whose content is undefined. */
    Tensor empty(DType dtype, long... shape) {
        Memory memory = rank.device().allocate(Math.max(1, Tensor.bytes(dtype, shape)), "benchmark");
        memories.add(memory);
        return Tensor.of(memory, 0, dtype, shape);
    }

    /** A tensor with random values in [-1, 1). */
    Tensor random(DType dtype, long... shape) {
        Tensor tensor = empty(dtype, shape);
        BenchValues.random(rank.stream(), tensor, rank.rank());
        return tensor;
    }

    /** A tensor of I32. */
    Tensor of(int[] values, long... shape) {
        Tensor tensor = empty(DType.I32, shape);
        rank.stream().upload(MemorySegment.ofArray(values), tensor);
        return tensor;
    }

    /** Frees all tensors. The caller must have waited until no stream uses them. */
    @Override
    public void close() {
        memories.reversed().forEach(Memory::close);
    }
}
