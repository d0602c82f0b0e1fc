package io.moe4j.runtime.cpu.peer;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cpu.Ranks;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeerGroupTest {

    /** In each round, a rank copies the word in its own memory to the memory of the next rank, so words travel around the group. */
    @ParameterizedTest
    @CsvSource({"1,2,false", "2,1,false", "4,2,false", "4,2,true"})
    void barriersOrderWritesToPeers(int ranks, int threads, boolean strict) {
        new Ranks(Ranks.config(threads, strict), ranks).run(rank -> {
            try (PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous())) {
                SymmetricMemory memory = peers.allocate(64, "words");
                KernelModule kernels = rank.device().load(KernelSource.cpu("ring", Map.of("pass", launch -> {
                    int round = launch.int32(0);
                    int self = launch.int32(1);
                    int next = (self + 1) % ranks;
                    int mine = launch.memory().get(JAVA_INT_UNALIGNED, launch.peer(2, self) + 4L * (round % 2));
                    if (mine != round + (self - round % ranks + ranks) % ranks * 1000 && round > 0) {
                        throw new IllegalStateException("round " + round + " on " + self + " found " + mine);
                    }
                    int value = round == 0 ? 1 + self * 1000 : mine + 1;
                    launch.memory().set(JAVA_INT_UNALIGNED, launch.peer(2, next) + 4L * ((round + 1) % 2), value);
                })));
                for (int round = 0; round < 300; round++) {
                    rank.stream().launch(Launch.of(kernels.kernel("pass"), KernelArg.of(round),
                            KernelArg.of(rank.rank()), KernelArg.peers(memory)));
                    peers.barrier(rank.stream(), "round");
                }
                rank.stream().synchronize();
                assertEquals(1, rank.stream().hostSyncs());
            }
        });
    }

    @Test
    void symmetricMemoryIsZeroAndOfOneSize() {
        List<@Nullable Throwable> outcomes = new Ranks(Ranks.config(1, true), 2).outcomes(rank -> {
            PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
            SymmetricMemory zero = peers.allocate(1000, "zeros");
            for (int i = 0; i < 250; i++) {
                assertEquals(0, io.moe4j.runtime.cpu.engine.Addresses.ALL.get(JAVA_INT_UNALIGNED,
                        zero.local().address() + 4L * i));
            }
            peers.allocate(1000 + rank.rank(), "different");
        });
        for (Throwable outcome : outcomes) {
            assertInstanceOf(DeviceException.class, outcome);
            assertTrue(outcome.getMessage().contains("1000 bytes on rank 0 and 1001 on rank 1")
                    || outcome.getMessage().contains("1001 bytes on rank 1 and 1000 on rank 0"), outcome.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aBarrierThatIsMissedNamesWhoDidNotCome(boolean strict) {
        Ranks ranks = new Ranks(Ranks.config(2, strict).withTimeout(Duration.ofMillis(300)), 3);
        List<@Nullable Throwable> outcomes = ranks.outcomes(rank -> {
            PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
            peers.barrier(rank.stream(), "first");
            if (rank.rank() != 1) {
                peers.barrier(rank.stream(), "step 7, dispatch");
            }
            rank.stream().synchronize();
            if (rank.rank() == 1) {
                Thread.sleep(1000);
            }
        });
        assertNull(outcomes.get(1));
        for (int rank = 0; rank < 3; rank += 2) {
            RankFailedException failed = assertInstanceOf(RankFailedException.class, outcomes.get(rank));
            assertEquals(1, failed.failure().rank());
            assertEquals("step 7, dispatch", failed.failure().phase());
            assertTrue(failed.getMessage().contains("for [rank 1 at 1], expected arrival 2"), failed.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFailedRankEndsTheWaitsOfTheOthersWithItsOwnError(boolean strict) {
        long start = System.nanoTime();
        List<@Nullable Throwable> outcomes = new Ranks(Ranks.config(2, strict), 4).outcomes(rank -> {
            PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
            if (rank.rank() == 2) {
                Thread.sleep(50);
                throw new IllegalStateException("out of luck");
            }
            peers.barrier(rank.stream(), "combine");
            rank.stream().synchronize();
        });
        assertTrue(System.nanoTime() - start < 10_000_000_000L, "the others must not wait for the time limit");
        for (int rank = 0; rank < 4; rank++) {
            if (rank == 2) {
                assertEquals("out of luck", outcomes.get(rank).getMessage());
            } else {
                RankFailedException failed = assertInstanceOf(RankFailedException.class, outcomes.get(rank));
                assertEquals(2, failed.failure().rank());
                assertTrue(failed.getMessage().contains("out of luck"), failed.getMessage());
            }
        }
    }
}
