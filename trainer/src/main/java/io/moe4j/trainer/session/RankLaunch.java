package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.launch.DeviceBlocks;
import io.moe4j.launch.RankEnvironment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Which ranks run in this JVM, and how they connect to the others. Each rank is a thread; ranks work in the same way whether the other ranks are in this JVM
 * or in others.
 *
 * @param worldSize number of all ranks
 * @param localRanks world ranks of this JVM, ascending
 * @param deviceOrdinals the number of the device that each local rank uses
 * @param rendezvous connects all ranks
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankLaunch(int worldSize, List<Integer> localRanks, List<Integer> deviceOrdinals,
        Rendezvous rendezvous) {
    public RankLaunch {
        localRanks = List.copyOf(localRanks);
        deviceOrdinals = List.copyOf(deviceOrdinals);
        if (localRanks.isEmpty() || localRanks.stream().anyMatch(rank -> rank < 0 || rank >= worldSize)
                || localRanks.stream().distinct().sorted().toList().size() != localRanks.size()) {
            throw new IllegalArgumentException("local ranks " + localRanks + " of a world of " + worldSize
                    + ": at least one is needed, each once, from 0 to " + (worldSize - 1));
        }
        if (deviceOrdinals.size() != localRanks.size()) {
            throw new IllegalArgumentException("devices " + deviceOrdinals + " of local ranks " + localRanks
                    + ": each rank has one device");
        }
    }

    /** All local ranks on one device. */
    public RankLaunch(int worldSize, List<Integer> localRanks, int deviceOrdinal, Rendezvous rendezvous) {
        this(worldSize, localRanks, Collections.nCopies(localRanks.size(), deviceOrdinal), rendezvous);
    }

    /** All ranks of a configuration as threads of this JVM, spread over as many devices as it says, from device 0 on. */
    public static RankLaunch threads(TrainerConfig config) {
        RankEnvironment all = RankEnvironment.threads(config.ranks());
        DeviceBlocks devices = new DeviceBlocks(config.runtime().devices(), OptionalInt.of(0), OptionalInt.empty());
        return new RankLaunch(config.ranks(), all.localRanks(), devices.ordinals(all),
                ThreadRendezvous.of(config.ranks(), config.runtime().timeout()));
    }

    /** All ranks as threads of this JVM, on device 0. */
    public static RankLaunch threads(int worldSize, Duration timeout) {
        return new RankLaunch(worldSize, IntStream.range(0, worldSize).boxed().toList(), 0,
                ThreadRendezvous.of(worldSize, timeout));
    }

    /**
     * Runs work of this process alone, between calls of all ranks. If it fails, the other processes are told the reason, so that they do not wait for this
     * one.
     *
     * @param phase the name of the work, such as {@code "opening the run"}
     * @since 0.3.0
     */
    public <T> T told(String phase, Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException | Error e) {
            tell(phase, e);
            throw e;
        }
    }

    /**
     * Tells the other processes of a failure. Called before anything is closed that may wait for them. Harmless if a rank has told them already.
     *
     * @since 0.3.0
     */
    public void tell(String phase, Throwable failure) {
        String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        Throwable cause = failure.getCause();
        rendezvous.fail(new RankFailure(localRanks.getFirst(), phase,
                cause == null || cause.getMessage() == null || message.contains(cause.getMessage()) ? message
                        : message + ": " + cause.getMessage()));
    }

    /**
     * Whether all ranks are in this process.
     *
     * @since 0.3.0
     */
    public boolean isOneProcess() {
        return localRanks.size() == worldSize;
    }

    /** Whether rank 0, which reports for all ranks, runs in this JVM. */
    public boolean hasFirstRank() {
        return localRanks.contains(0);
    }

    /**
     * Exchanges data of each rank with all others, outside of the ranks' threads. All processes call it at the same time.
     *
     * @param key name of the exchange, the same in all processes
     * @param mine gives the data of each rank of this process
     * @return the data of each rank of the world, in their order
     */
    public List<byte[]> exchange(String key, IntFunction<byte[]> mine) {
        List<Integer> world = IntStream.range(0, worldSize).boxed().toList();
        List<Future<List<byte[]>>> answers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            localRanks.forEach(rank -> answers.add(threads.submit(
                    () -> rendezvous.exchange(new Group("world", world, rank), key, mine.apply(rank)))));
        }
        try {
            return answers.getFirst().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("the exchange \"" + key + "\" failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted during the exchange \"" + key + "\"", e);
        }
    }
}
