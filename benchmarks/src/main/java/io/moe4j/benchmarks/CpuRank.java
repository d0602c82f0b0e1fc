package io.moe4j.benchmarks;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A single rank on the CPU, with the objects of the configured plug-ins, which are closed in reverse order. */
final class CpuRank implements AutoCloseable {
    private static final long STACK_BYTES = 64L << 20;

    private final Registry registry = Plugins.load(List.of());
    private final Resources opened = new Resources("benchmark");
    private final RankContext context;

    CpuRank() {
        DeviceConfig config = DeviceConfig.defaults();
        Device device = opened.add(registry.get(DeviceProvider.class, "cpu").open(config));
        Stream stream = opened.add(device.openStream("benchmark"));
        MemoryStack stack = new MemoryStack(opened.add(device.allocate(STACK_BYTES, "temporaries")), freed -> {});
        context = new RankContext(new Group("world", List.of(0), 0), device, stream, stack,
                ThreadRendezvous.of(1, config.timeout()));
    }

    RankContext context() {
        return context;
    }

    Stream stream() {
        return context.stream();
    }

    CommBackend exchange(CommConfig shapes) {
        PeerGroup peers = opened.add(context.device().openPeerGroup(context.world(), context.rendezvous()));
        return opened.add(registry.get(CommBackendProvider.class, "minimal_async_ep").open(shapes,
                new CommContext(context, context.world(), Optional.of(peers), Optional.empty())));
    }

    ExpertKernels kernels() {
        return opened.add(registry.get(ExpertKernelsProvider.class, "swiglu").open(context));
    }

    Tensor zeros(DType dtype, long... shape) {
        Memory memory = opened.add(context.device().allocate(Tensor.bytes(dtype, shape), "benchmark"));
        Tensor tensor = Tensor.of(memory, 0, dtype, shape);
        stream().fill(tensor, 0);
        return tensor;
    }

    /** Values in [-1, 1). */
    Tensor random(DType dtype, long... shape) {
        Tensor singles = zeros(DType.F32, shape);
        float[] values = new float[Math.toIntExact(singles.elements())];
        Random random = new Random(1);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat(-1, 1);
        }
        stream().upload(MemorySegment.ofArray(values), singles);
        if (dtype == DType.F32) {
            return singles;
        }
        Tensor converted = zeros(dtype, shape);
        context.device().ops().elementwise().copy(stream(), singles, converted);
        return converted;
    }

    Tensor integers(int[] values, long... shape) {
        Tensor tensor = zeros(DType.I32, shape);
        stream().upload(MemorySegment.ofArray(values), tensor);
        return tensor;
    }

    @Override
    public void close() {
        stream().synchronize();
        opened.close();
    }
}
