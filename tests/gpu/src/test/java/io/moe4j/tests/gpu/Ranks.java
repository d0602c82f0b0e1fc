package io.moe4j.tests.gpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Rank threads that share GPUs. */
final class Ranks {

    private static final long STACK_BYTES = 64 << 20;

    private Ranks() {}

    /** The work of a rank. */
    interface Body<R> {
        R run(Rank rank) throws Exception;
    }

    /**
     * A rank: its part of the GPU, and its context.
     *
     * @param gpu tensors and its stream
     * @param context for plug-ins
     */
    record Rank(Gpu gpu, RankContext context) {

        int index() {
            return context.rank();
        }

        /** All ranks, as a group. */
        Group world() {
            return context.world();
        }
    }

    /** Runs {@code body} on {@code count} ranks of one device; returns their results. */
    static <R> List<R> run(int count, Duration timeout, Body<R> body) throws Exception {
        return run(count, timeout, STACK_BYTES, body);
    }

    /** The same, with {@code stackBytes} bytes of temporaries for each rank. */
    static <R> List<R> run(int count, Duration timeout, long stackBytes, Body<R> body) throws Exception {
        return run(Collections.nCopies(count, 0), timeout, stackBytes, body);
    }

    /** Runs {@code body} on as many ranks as there are entries in {@code ordinals}, each on the device with that number; returns their results. */
    static <R> List<R> run(List<Integer> ordinals, Duration timeout, Body<R> body) throws Exception {
        return run(ordinals, timeout, STACK_BYTES, body);
    }

    private static <R> List<R> run(List<Integer> ordinals, Duration timeout, long stackBytes, Body<R> body)
            throws Exception {
        Map<Integer, Device> devices = new TreeMap<>();
        try {
            for (int ordinal : new TreeSet<>(ordinals)) {
                devices.put(ordinal, Gpu.openDevice(timeout, ordinal));
            }
            return on(ordinals.stream().map(devices::get).toList(), timeout, stackBytes, body);
        } finally {
            devices.values().forEach(Device::close);
        }
    }

    private static <R> List<R> on(List<Device> devices, Duration timeout, long stackBytes, Body<R> body)
            throws Exception {
        int count = devices.size();
        try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
            Rendezvous rendezvous = ThreadRendezvous.of(count, timeout);
            List<Integer> all = IntStream.range(0, count).boxed().toList();
            List<Future<R>> running = new ArrayList<>();
            for (int r = 0; r < count; r++) {
                Group world = new Group("world", all, r);
                Device device = devices.get(r);
                running.add(threads.submit(() -> one(device, rendezvous, world, stackBytes, body)));
            }
            List<R> results = new ArrayList<>();
            ExecutionException failure = null;
            for (Future<R> future : running) {
                try {
                    results.add(future.get());
                } catch (ExecutionException e) {
                    if (failure == null) {
                        failure = e;
                    } else {
                        failure.addSuppressed(e);
                    }
                }
            }
            if (failure != null) {
                throw failure;
            }
            return results;
        }
    }

    private static <R> R one(Device device, Rendezvous rendezvous, Group world, long stackBytes, Body<R> body)
            throws Exception {
        Gpu gpu = Gpu.on(device, "rank " + world.rank());
        Memory memory = device.allocate(stackBytes, "temporaries");
        try {
            return body.run(new Rank(gpu, new RankContext(world, device, gpu.stream,
                    new MemoryStack(memory, freed -> {}), rendezvous)));
        } catch (Exception | Error e) {
            rendezvous.fail(new RankFailure(world.rank(), "test", String.valueOf(e.getMessage())));
            throw e;
        } finally {
            gpu.release();
            memory.close();
        }
    }
}
