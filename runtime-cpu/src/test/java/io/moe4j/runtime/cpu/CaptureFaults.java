package io.moe4j.runtime.cpu;

import static io.moe4j.tests.contract.Planted.CALL;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.tests.contract.GraphCaptureContract;
import io.moe4j.tests.contract.Planted;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;

/** Faults of captures, which {@link GraphCaptureContract} finds. */
final class CaptureFaults {

    private CaptureFaults() {}

    static List<KitFault> all() {
        return List.of(
                capture("a body runs while it is recorded", "does not capture while its body runs",
                        GraphCaptureContract::replaysEqualEagerRuns, (real, body) -> {
                            body.run();
                            return Function.identity();
                        }),
                capture("a replay does nothing", "product of replay", GraphCaptureContract::replaysEqualEagerRuns,
                        (real, body) -> graph -> Planted.instead(CapturedGraph.class, graph,
                                (method, arguments) -> method.equals("replay") ? null : CALL)),
                capture("a replay runs twice", "sum after replay", GraphCaptureContract::replaysEqualEagerRuns,
                        (real, body) -> graph -> Planted.instead(CapturedGraph.class, graph, (method, arguments) -> {
                            if (method.equals("replay")) {
                                graph.replay((Stream) arguments[0]);
                            }
                            return CALL;
                        })),
                capture("freed memory is replayed", "to be thrown", GraphCaptureContract::refusesFreedMemory,
                        (real, body) -> graph -> Planted.instead(CapturedGraph.class, graph, (method, arguments) -> {
                            if (method.equals("replay")) {
                                try {
                                    graph.replay((Stream) arguments[0]);
                                } catch (CaptureException swallowed) {
                                    return null;
                                }
                                return null;
                            }
                            return CALL;
                        })),
                loops("a loop makes one pass too few", "passes of loops that end at",
                        (real, loop, body) -> real.repeat(loop.withLimit(loop.limit() - 1), body)),
                loops("a loop makes the passes of the capture", "times that bodies were called|passes of loops",
                        (real, loop, body) -> {
                            for (int pass = loop.first(); pass < loop.limit(); pass++) {
                                real.fill(loop.pass_1(), pass);
                                body.run();
                            }
                        }),
                loops("passes have no numbers", "passes of loops that end at",
                        (real, loop, body) -> real.repeat(loop, () -> {
                            real.fill(loop.pass_1(), 1);
                            body.run();
                        })));
    }

    private static final class CaptureKit extends GraphCaptureContract {
        private final GraphCaptureProvider provider;
        private final DeviceProvider devices;

        CaptureKit(GraphCaptureProvider provider, DeviceProvider devices) {
            this.provider = provider;
            this.devices = devices;
        }

        @Override
        protected GraphCaptureProvider provider() {
            return provider;
        }

        @Override
        protected DeviceProvider deviceProvider() {
            return devices;
        }

        @Override
        protected DeviceConfig deviceConfig() {
            return DeviceConfig.defaults().withStrict(true);
        }
    }

    /** How a stream enqueues a loop. */
    private interface WrongLoop {
        void repeat(Stream real, DeviceLoop loop, Runnable body);
    }

    /** Wraps the streams, and unwraps them for the real capture. */
    private static KitFault loops(String name, String reason, WrongLoop wrong) {
        IdentityHashMap<Stream, Stream> reals = new IdentityHashMap<>();
        DeviceProvider devices = DeviceFaults.devices((device, method, arguments) -> {
            if (!method.equals("openStream")) {
                return CALL;
            }
            Stream real = device.openStream((String) arguments[0]);
            Stream wrapped = Planted.instead(Stream.class, real, (call, given) -> {
                if (!call.equals("repeat")) {
                    return CALL;
                }
                wrong.repeat(real, (DeviceLoop) given[0], (Runnable) given[1]);
                return null;
            });
            reals.put(wrapped, real);
            return wrapped;
        });
        GraphCaptureProvider cpu = new CpuCaptureProvider();
        GraphCaptureProvider unwrapping = capturing(cpu, (real, stream, body) -> {
            CapturedGraph graph = real.capture(reals.get(stream), body);
            return Planted.instead(CapturedGraph.class, graph, (replay, given) -> {
                if (!replay.equals("replay")) {
                    return CALL;
                }
                graph.replay(reals.get(given[0]));
                return null;
            });
        });
        return new KitFault(name, reason, planted -> {
            CaptureKit kit = planted ? new CaptureKit(unwrapping, devices)
                    : new CaptureKit(cpu, new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(kit::loopsRunAsOftenAsTheDeviceSays);
            } finally {
                kit.close();
            }
        });
    }

    /** The faulty replacement of a capture. */
    private interface WrongCapture {
        CapturedGraph capture(GraphCapture real, Stream stream, Runnable body);
    }

    private static GraphCaptureProvider capturing(GraphCaptureProvider real, WrongCapture wrong) {
        return Planted.instead(GraphCaptureProvider.class, real, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            GraphCapture capture = real.open((RankContext) arguments[0]);
            return Planted.instead(GraphCapture.class, capture, (call, given) -> call.equals("capture")
                    ? wrong.capture(capture, (Stream) given[0], (Runnable) given[1])
                    : CALL);
        });
    }

    private static KitFault capture(String name, String reason, Consumer<GraphCaptureContract> test,
            BiFunction<GraphCapture, Runnable, Function<CapturedGraph, CapturedGraph>> wrong) {
        GraphCaptureProvider cpu = new CpuCaptureProvider();
        GraphCaptureProvider broken = capturing(cpu,
                (real, stream, body) -> wrong.apply(real, body).apply(real.capture(stream, body)));
        return new KitFault(name, reason, planted -> {
            CaptureKit kit = new CaptureKit(planted ? broken : cpu, new CpuDeviceProvider());
            kit.open();
            try {
                return Planted.failures(() -> test.accept(kit));
            } finally {
                kit.close();
            }
        });
    }
}
