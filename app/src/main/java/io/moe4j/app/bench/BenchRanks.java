package io.moe4j.app.bench;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Runs ranks as threads over some devices. A rank has only a stream and memory for temporaries. */
final class BenchRanks {

    private BenchRanks() {}

    /** The work of a rank. */
    @FunctionalInterface
    interface Work<T> {
        T on(RankContext rank) throws Exception;
    }

    /** Runs {@code work} on one rank for each entry of {@code devices}, on that device; the first failure ends all ranks. */
    static <T> List<T> run(List<Device> devices, long stackBytes, Work<T> work) {
        int size = devices.size();
        Rendezvous rendezvous = ThreadRendezvous.of(size, devices.getFirst().config().timeout());
        List<Integer> all = IntStream.range(0, size).boxed().toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(size,
                Thread.ofPlatform().name("rank ", 0).daemon().factory())) {
            List<Callable<T>> tasks = all.stream()
                    .map(rank -> task(devices.get(rank), new Group("world", all, rank), rendezvous, stackBytes, work))
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> future : threads.invokeAll(tasks)) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a rank failed: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the benchmark was interrupted", e);
        }
    }

    private static <T> Callable<T> task(Device device, Group world, Rendezvous rendezvous, long stackBytes,
            Work<T> work) {
        return () -> {
            try (Memory memory = device.allocate(stackBytes, "temporaries");
                    Stream stream = device.openStream("rank " + world.rank())) {
                T result = work.on(new RankContext(world, device, stream, new MemoryStack(memory, freed -> {}),
                        rendezvous));
                stream.synchronize();
                // No rank may free memory that another rank still reads.
                rendezvous.exchange(world, "benchmark done", new byte[0]);
                return result;
            } catch (Exception | Error e) {
                rendezvous.fail(new RankFailure(world.rank(), "benchmark", String.valueOf(e)));
                throw e;
            }
        };
    }
}
