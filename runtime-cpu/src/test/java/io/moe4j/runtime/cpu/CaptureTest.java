package io.moe4j.runtime.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream.Builder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptureTest {

    private static void onOneRank(boolean strict, Ranks.Body body) {
        new Ranks(Ranks.config(2, strict), 1).run(body);
    }

    private static GraphCapture capture(RankContext rank) {
        return new CpuCaptureProvider().open(rank);
    }

    /** w ← (w·w + w) / 4, a few times. */
    private static void step(RankContext rank, Tensor w, Tensor scratch) {
        rank.device().ops().matmul().matmul(rank.stream(), Matmul.of(w, w, scratch).withAlpha(0.25f));
        rank.device().ops().elementwise().add(rank.stream(), w, scratch, w);
        rank.stream().fill(scratch.select(0), 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void replayGivesTheBitsOfEagerRuns(boolean strict) {
        onOneRank(strict, rank -> {
            Stream stream = rank.stream();
            Tensor eager = Values.floats(rank.device(), stream, 2500, i -> Math.sin(i) / 10).view(50, 50);
            Tensor replayed = Values.floats(rank.device(), stream, 2500, i -> Math.sin(i) / 10).view(50, 50);
            Tensor scratch = Values.tensor(rank.device(), DType.F32, 50, 50);
            for (int i = 0; i < 4; i++) {
                step(rank, eager, scratch);
            }
            int[] before = Values.bits(stream, replayed);
            try (GraphCapture capture = capture(rank)) {
                CapturedGraph graph = capture.capture(stream, () -> {
                    assertTrue(stream.isCapturing());
                    step(rank, replayed, scratch);
                });
                assertFalse(stream.isCapturing());
                assertEquals(3, graph.size());
                assertArrayEquals(before, Values.bits(stream, replayed), "a capture runs nothing");
                for (int i = 0; i < 4; i++) {
                    graph.replay(stream);
                }
            }
            assertArrayEquals(Values.bits(stream, eager), Values.bits(stream, replayed));
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hostReadsAreRefusedByNameAndTheStreamGoesOn(boolean strict) {
        onOneRank(strict, rank -> {
            Stream stream = rank.stream();
            Tensor tensor = Values.floats(rank.device(), stream, 2, i -> i);
            MemorySegment host = MemorySegment.ofArray(new float[2]);
            try (GraphCapture capture = capture(rank)) {
                Builder<Runnable> calls = java.util.stream.Stream.builder();
                calls.add(() -> stream.download(tensor, host)).add(stream::synchronize)
                        .add(() -> stream.upload(host, tensor));
                List<String> names = List.of("download", "synchronize", "upload");
                List<Runnable> all = calls.build().toList();
                for (int i = 0; i < all.size(); i++) {
                    Runnable call = all.get(i);
                    String message = assertThrows(CaptureException.class, () -> capture.capture(stream, () -> {
                        stream.fill(tensor, 7);
                        call.run();
                    })).getMessage();
                    assertTrue(message.contains(names.get(i)), message);
                    assertArrayEquals(new float[] {0, 1}, Values.read(stream, tensor));
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void freedMemoryIsFoundAtReplay(boolean strict) {
        onOneRank(strict, rank -> {
            Tensor tensor = Values.tensor(rank.device(), DType.F32, 10);
            try (GraphCapture capture = capture(rank)) {
                CapturedGraph graph = capture.capture(rank.stream(), () -> rank.stream().fill(tensor, 1));
                graph.replay(rank.stream());
                rank.stream().synchronize();
                tensor.memory().close();
                String message = assertThrows(CaptureException.class, () -> graph.replay(rank.stream())).getMessage();
                assertTrue(message.contains("\"test\" (40 bytes at address " + tensor.address() + ", first in fill"),
                        message);
                graph.close();
                graph.close();
                assertThrows(CaptureException.class, () -> graph.replay(rank.stream()));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void otherStreamsJoinThroughEvents(boolean strict) {
        onOneRank(strict, rank -> {
            Stream main = rank.stream();
            Device device = rank.device();
            Tensor a = Values.floats(device, main, 4, i -> i);
            Tensor b = Values.tensor(device, DType.F32, 4);
            main.synchronize();
            Event before = main.record();
            try (Stream side = device.openStream("side"); GraphCapture capture = capture(rank)) {
                CapturedGraph graph = capture.capture(main, () -> {
                    device.ops().elementwise().add(main, a, a, a);
                    side.await(main.record());
                    assertTrue(side.isCapturing());
                    side.copy(a, b);
                    main.await(side.record());
                });
                assertFalse(side.isCapturing());
                graph.replay(main);
                graph.replay(main);
                assertArrayEquals(new float[] {0, 4, 8, 12}, Values.read(main, b));

                String left = assertThrows(CaptureException.class, () -> capture.capture(main, () -> {
                    side.await(main.record());
                    side.copy(a, b);
                })).getMessage();
                assertTrue(left.contains("[side]"), left);
                assertThrows(CaptureException.class, () -> capture.capture(main, () -> main.await(before)));
                side.copy(b, a);
                assertArrayEquals(new float[] {0, 4, 8, 12}, Values.read(side, a));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void barriersAndCollectivesAreReplayedBackToBack(boolean strict) {
        new Ranks(Ranks.config(2, strict), 4).run(rank -> {
            Tensor own = Values.tensor(rank.device(), DType.F32, 5);
            Tensor all = Values.tensor(rank.device(), DType.F32, 20);
            rank.stream().fill(own, rank.rank());
            try (Collectives collectives = new CpuPeerCollectivesProvider().open(rank.world(), rank);
                    PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
                    GraphCapture capture = capture(rank)) {
                CapturedGraph graph = capture.capture(rank.stream(), () -> {
                    collectives.allGather(rank.stream(), own, all);
                    peers.barrier(rank.stream(), "test");
                    collectives.allReduce(rank.stream(), own);
                });
                float sum = 0 + 1 + 2 + 3;
                for (int i = 0; i < 50; i++) {
                    graph.replay(rank.stream());
                    if (i % 10 == 0) {
                        assertEquals(i == 0 ? 3 : sum / 4, Values.read(rank.stream(), all)[19]);
                    }
                    // Keeps values in range: own = sum, the same on all ranks.
                    assertEquals(sum, Values.read(rank.stream(), own)[0]);
                    rank.stream().fill(own, sum / 4);
                }
                rank.stream().synchronize();
                rank.rendezvous().exchange(rank.world(), "done", new byte[0]);
            }
        });
    }
}
