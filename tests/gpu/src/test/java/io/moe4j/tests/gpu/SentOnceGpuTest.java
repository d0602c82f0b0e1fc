package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.comm.support.DedupRule;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.tensor.DType;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code minimal_async_ep} with rows that are sent once to each rank: the arrival order and the sums are the defined ones, also in replayed graphs. */
@Tag("gpu")
@Timeout(90)
final class SentOnceGpuTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Rows of 16 bytes and more, of odd sizes, and of more than a warp copies at a time (4096 bytes); K above a warp's 32 lanes. */
    @ParameterizedTest(name = "{0} ranks on one device, T {1}, D {2}, E {3}, K {4}, {5}, {6}, factor {7}")
    @CsvSource({"1,5,8,4,2,F32,random,0", "2,100,64,8,3,F32,random,0", "4,100,256,8,3,BF16,random,0",
            "4,0,16,8,2,F32,random,0", "4,33,24,8,2,F32,one,0", "2,17,7,6,3,BF16,random,0", "2,40,16,8,1,F32,random,0",
            "2,300,2056,64,6,BF16,random,0", "4,1500,64,64,6,BF16,robin,0", "4,200,32,8,2,F32,one,1.5",
            "2,200,32,8,4,F32,random,1", "2,64,7168,256,8,BF16,random,0", "2,50,8,96,40,F32,random,0",
            "4,512,16,8,8,F32,random,0"})
    void theSameRowsOnOneDevice(int ranks, int tokens, int dim, int experts, int topK, DType dtype, String routing,
            double factor) throws Exception {
        CommConfig config = CommConfig.of(tokens, dim, experts, topK, dtype).withDedup(Dedup.ON);
        exchange(Collections.nCopies(ranks, 0), factor == 0 ? config
                : config.withCapacity(ReceiveCapacity.factor(factor), OverflowAction.DROP), routing);
    }

    /** {@code auto} sends rows once to the other device, and each copy by itself to a rank of the same one. */
    @ParameterizedTest(name = "ranks on devices {0}, {1}, {2}")
    @CsvSource({"0 1,AUTO,random", "1 0,AUTO,robin", "0 1,ON,one", "0 0 1 1,AUTO,random", "0 1 0 1,AUTO,random",
            "0 0 1 1,ON,random", "0 0 1,AUTO,random"})
    void theSameRowsOnTwoDevices(String ordinals, Dedup dedup, String routing) throws Exception {
        TwoGpus.assume();
        List<Integer> devices = Arrays.stream(ordinals.split(" ")).map(Integer::valueOf).toList();
        CommConfig config = CommConfig.of(3000, 512, 96, 6, DType.BF16).withDedup(dedup);
        assertEquals(true, DedupRule.pays(config, devices.size()), "auto would send each copy by itself");
        exchange(devices, config, routing);
    }

    /** Where a rank's memory is, as its peers see it. */
    @ParameterizedTest(name = "ranks on devices {0}")
    @ValueSource(strings = {"0 1", "0 0 1 1", "1 0 0"})
    void ranksKnowWhoIsOnAnotherDevice(String ordinals) throws Exception {
        TwoGpus.assume();
        List<Integer> devices = Arrays.stream(ordinals.split(" ")).map(Integer::valueOf).toList();
        Ranks.run(devices, LIMIT, rank -> {
            try (PeerGroup peers = rank.gpu().device.openPeerGroup(rank.world(), rank.context().rendezvous())) {
                for (int other = 0; other < devices.size(); other++) {
                    assertEquals(!devices.get(other).equals(devices.get(rank.index())), peers.isOnAnotherDevice(other),
                            "rank " + other + " as rank " + rank.index() + " sees it");
                }
            }
            return null;
        });
    }

    private static void exchange(List<Integer> devices, CommConfig config, String routing) throws Exception {
        Ranks.run(devices, LIMIT, rank -> {
            ExchangeGpuTest.check(rank, config, routing);
            return null;
        });
    }
}
