package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.KeptValues;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.kernels.swiglu.SwiGluKernelsProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Forward and backward of the routed experts of one layer, on several ranks, with given experts for each token. */
final class ExpertRun {
    private static final long STACK_BYTES = 24L << 20;

    private ExpertRun() {}

    /**
     * Shapes, and where tokens go.
     *
     * @param config with capacity and action
     * @param ids_TK of each rank
     * @param microbatches how often forward and backward are made, with gradients that add up
     * @param kept operations whose results are kept from forward to backward, if that recomputes
     */
    record Case(CommConfig config, int hidden, int[][] ids_TK, int microbatches, long seed, Set<String> kept) {
        /** Keeps nothing from forward to backward. */
        Case(CommConfig config, int hidden, int[][] ids_TK, int microbatches, long seed) {
            this(config, hidden, ids_TK, microbatches, seed, Set.of());
        }

        Case keeping(Set<String> operations) {
            return new Case(config.withKeptDispatches(operations.contains("experts.inputs") ? 1 : 0), hidden, ids_TK,
                    microbatches, seed, operations);
        }

        int ranks() {
            return ids_TK.length;
        }

        Case with(CommConfig other) {
            return new Case(other.withKeptDispatches(config.keptDispatches()), hidden, ids_TK, microbatches, seed,
                    kept);
        }
    }

    /**
     * What is left on a rank.
     *
     * @param out of the last microbatch
     * @param dx gradient with respect to the tokens
     * @param dweights gradient with respect to the weights of the gate
     * @param dparameters gradients with respect to gate-up and down, one after the other
     * @param bound by how much each of these may differ from another order of the sums
     */
    record Left(float[] out, float[] dx, float[] dweights, float[] dparameters, double[] bound, long peakBytes) {}

    static List<Left> run(Case shape, CommBackendProvider provider, boolean recompute) throws InterruptedException {
        try (Device device = new CpuDeviceProvider().open(DeviceConfig.defaults().withStrict(true).withThreads(2));
                ExecutorService threads = Executors.newFixedThreadPool(shape.ranks())) {
            ThreadRendezvous rendezvous = ThreadRendezvous.of(shape.ranks(), device.config().timeout());
            List<Integer> all = IntStream.range(0, shape.ranks()).boxed().toList();
            List<Future<Left>> running = new ArrayList<>();
            for (int rank : all) {
                running.add(threads.submit(() -> {
                    try (Memory memory = device.allocate(STACK_BYTES, "stack");
                            Stream stream = device.openStream("rank " + rank)) {
                        RankContext context = RankContext.of(new Group("world", all, rank), device, stream,
                                new MemoryStack(memory, freed -> stream.fill(freed, 0x7FC0_7FC0)), rendezvous);
                        return rank(shape, provider, recompute, context);
                    } catch (Throwable e) {
                        rendezvous.fail(new RankFailure(rank, "test", String.valueOf(e)));
                        throw e;
                    }
                }));
            }
            List<Left> left = new ArrayList<>();
            for (Future<Left> each : running) {
                left.add(each.get());
            }
            return left;
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    private static Left rank(Case shape, CommBackendProvider provider, boolean recompute, RankContext rank) {
        try (PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
                Collectives collectives = new CpuPeerCollectivesProvider().open(rank.world(), rank);
                CommBackend comm = provider.open(shape.config(), CommContext.of(rank, rank.world()).withPeers(peers)
                        .withCollectives(collectives));
                ExpertKernels kernels = new SwiGluKernelsProvider().open(rank);
                Memory memory = rank.device().allocate(16 << 20, "values")) {
            SumBounds bounds = new SumBounds(kernels);
            Values values = new Values(rank.stream(), memory, shape.seed() * 100 + rank.rank());
            DType dtype = shape.config().rowType();
            long tokens = shape.config().tokens();
            long dim = shape.config().dim();
            int local = shape.config().experts() / shape.ranks();
            Parameter gateUp = parameter(values, dtype, "gate_up", local, 2L * shape.hidden(), dim);
            Parameter down = parameter(values, dtype, "down", local, dim, shape.hidden());
            Tensor ids = values.tensor(DType.I32, tokens, shape.config().topK());
            if (ids.elements() > 0) {
                rank.stream().upload(MemorySegment.ofArray(shape.ids_TK()[rank.rank()]), ids);
            }
            Left left = null;
            for (int microbatch = 0; microbatch < shape.microbatches(); microbatch++) {
                Tensor x = values.random(dtype, tokens, dim);
                Tensor weights = values.random(DType.F32, tokens, shape.config().topK());
                Tensor dout = values.random(dtype, tokens, dim);
                try (Scope step = rank.memory().openStep()) {
                    Routing routing = new Routing(ids, comm.plan(ids), Optional.empty());
                    KeptValues kept = new KeptValues(shape.kept());
                    if (recompute) {
                        Tape forward = Tape.immediate(rank, kept);
                        apply(forward, comm, bounds, routing, gateUp, down, forward.input(x, true),
                                forward.input(weights, true));
                    }
                    Tape tape = recompute ? Tape.deferred(rank, kept)
                            : Tape.recording(rank, new KeptValues());
                    Variable in = tape.input(x, true);
                    Variable scores = tape.input(weights, true);
                    Variable out;
                    float[] result;
                    if (recompute) {
                        Tape again = Tape.immediate(rank, new KeptValues());
                        result = values.read(apply(again, comm, bounds, routing, gateUp, down, again.input(x, true),
                                again.input(weights, true)).tensor());
                        out = apply(tape, comm, bounds, routing, gateUp, down, in, scores);
                    } else {
                        out = apply(tape, comm, bounds, routing, gateUp, down, in, scores);
                        result = values.read(out.tensor());
                    }
                    tape.backward(out, dout);
                    left = new Left(result, values.read(in.gradient()), values.read(scores.gradient()),
                            joined(values.read(gateUp.gradient()), values.read(down.gradient())),
                            bounds.of(gateUp.gradient(), down.gradient()), rank.memory().peakBytes());
                }
            }
            return left;
        }
    }

    /** As {@link MixtureLayer} does. */
    private static Variable apply(Tape tape, CommBackend comm, ExpertKernels kernels, Routing routing, Parameter gateUp,
            Parameter down, Variable x, Variable weights) {
        return new ExpertExchange(comm, kernels, routing, new ExpertMatrix(gateUp, Optional.empty()),
                new ExpertMatrix(down, Optional.empty()), x, weights, x.tensor().dtype()).apply(tape);
    }

    private static Parameter parameter(Values values, DType dtype, String name, long... shape) {
        Parameter parameter = new Parameter(name, 0, shape);
        call(parameter, "bindValue", new Class<?>[] {Tensor.class}, values.random(dtype, shape));
        call(parameter, "bindGradient", new Class<?>[] {Tensor.class, boolean.class}, values.tensor(DType.F32, shape),
                false);
        return parameter;
    }

    /** What a unit of parameters does; a test has none. */
    private static void call(Parameter parameter, String method, Class<?>[] types, Object... arguments) {
        try {
            Method bound = Parameter.class.getDeclaredMethod(method, types);
            bound.setAccessible(true);
            bound.invoke(parameter, arguments);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static float[] joined(float[] a, float[] b) {
        float[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /** Tensors that the host writes and reads. */
    static final class Values {
        private final Stream stream;
        private final Memory memory;
        private final Random random;
        private long used;

        Values(Stream stream, Memory memory, long seed) {
            this.stream = stream;
            this.memory = memory;
            this.random = new Random(seed);
        }

        Tensor tensor(DType dtype, long... shape) {
            Tensor tensor = Tensor.of(memory, used, dtype, shape);
            used += Math.ceilDiv(tensor.bytes(), 256L) * 256;
            return tensor;
        }

        Tensor random(DType dtype, long... shape) {
            Tensor tensor = tensor(dtype, shape);
            float[] values = new float[(int) tensor.elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            if (values.length > 0) {
                stream.upload(dtype == DType.F32 ? MemorySegment.ofArray(values)
                        : MemorySegment.ofArray(bits(values)), tensor);
            }
            return tensor;
        }

        private static short[] bits(float[] values) {
            short[] bits = new short[values.length];
            for (int i = 0; i < bits.length; i++) {
                bits[i] = BFloat16.round(values[i]);
            }
            return bits;
        }

        float[] read(Tensor tensor) {
            return read(stream, tensor);
        }

        static float[] read(Stream stream, Tensor tensor) {
            float[] values = new float[(int) tensor.elements()];
            if (values.length == 0) {
                return values;
            }
            if (tensor.dtype() == DType.F32) {
                stream.download(tensor, MemorySegment.ofArray(values));
                return values;
            }
            short[] bits = new short[values.length];
            stream.download(tensor, MemorySegment.ofArray(bits));
            for (int i = 0; i < values.length; i++) {
                values[i] = BFloat16.widen(bits[i]);
            }
            return values;
        }
    }

    /** Rows of a lease may be strided, so that they are read row by row. */
    static Optional<float[]> row(Stream stream, Tensor rows, long row) {
        return row < rows.dim(0) ? Optional.of(Values.read(stream, rows.select(row))) : Optional.empty();
    }
}
