package io.moe4j.trainer.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.step.Schedule;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which parameters a rank could keep, and what a step would save, as it is counted on a device that computes nothing. */
final class KeptParametersTest {
    /** Each rank holds its half of the experts whole, and shards of everything else. */
    private static final List<String> EXPERTS_WHOLE = List.of("ranks=2", "parallelism.data_parallel_shard_degree=2",
            "parallelism.expert_parallel_degree=2", "training.seq_len=32", "training.local_batch_size=1",
            "training.dtype=bfloat16", "activation_checkpoint.mode=budget");
    /** Gate, up and down of 4 experts in 5 layers of the debug model, in bfloat16. */
    private static final long EXPERT_BYTES = 5 * 4 * 3 * 256 * 256 * 2;

    private final Registry plugins = Plugins.load();

    private List<KeptParameters> candidates(UnaryOperator<ModelSpec> changed, String... more) {
        return candidates(Overlapping.OFF, changed, more);
    }

    private List<KeptParameters> candidates(Overlapping overlapping, UnaryOperator<ModelSpec> changed,
            String... more) {
        TrainerConfig config = config(more);
        ModelSpec spec = ConfiguredModel.spec(config, plugins);
        return KeptParameters.candidates(config, changed.apply(spec), Providers.choose(config, spec, plugins),
                Schedule.oneAfterTheOther(), overlapping);
    }

    private List<KeptParameters> conversions(UnaryOperator<ModelSpec> changed, String... more) {
        List<String> all = new ArrayList<>(List.of("parallelism.reshard_after_forward=always"));
        all.addAll(List.of(more));
        return candidates(changed, all.toArray(String[]::new));
    }

    private TrainerConfig config(String... more) {
        List<String> all = new ArrayList<>(EXPERTS_WHOLE);
        all.addAll(List.of(more));
        return new ConfigLoader(plugins).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.planning());
    }

    /**
     * Converting a parameter moves 6 bytes, in forward and in backward of each microbatch. AdamW writes its 2 converted bytes once a step; after Muon, which
     * updates matrices, it is converted once a step.
     */
    @ParameterizedTest
    @CsvSource({"1, adamw, 10", "3, adamw, 34", "1, muon, 6"})
    void aStepConvertsNothing(int microbatches, String optimizer, int savedBytes) {
        assertEquals(List.of(converted(EXPERT_BYTES, savedBytes / 2.0 * EXPERT_BYTES)),
                conversions(UnaryOperator.identity(), "training.gradient_accumulation_steps=" + microbatches,
                        "optimizer.name=" + optimizer));
    }

    /** One rank holds everything whole. Embedding and head are gathered less often than blocks. */
    @Test
    void allUnitsOfOneRankAreKept() {
        KeptParameters all = candidates(UnaryOperator.identity(), "ranks=1", "parallelism.data_parallel_shard_degree=1",
                "parallelism.expert_parallel_degree=1").getFirst();
        long bytes = all.bytes().converted();
        assertTrue(bytes > 2 * EXPERT_BYTES, all.toString());
        assertTrue(all.savedCost() > 2 * bytes && all.savedCost() < 5 * bytes, all.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"training.keep_converted=off", "training.keep_converted=on",
            "training.parameter_dtype=bfloat16", "training.expert_dtype=float8",
            "model.moe_comm_backend=standard parallelism.expert_parallel_degree=1 graph_capture.enable=false"})
    void nothingIsKept(String why) {
        assertEquals(List.of(), conversions(UnaryOperator.identity(), why.split(" ")));
    }

    private static KeptParameters converted(long bytes, double savedCost) {
        return new KeptParameters(new ParameterBytes(bytes, 0), savedCost);
    }

    /**
     * For each gathering less, a rank does not convert its half of the parameters, 6 bytes each, and does not copy the other half from its peer, 2 bytes read
     * and 2 written: 5 bytes for each parameter that stays gathered, which takes 2. Beside the main stream, copying costs nothing; and there, backward finds
     * the last block still gathered from forward.
     */
    @Test
    void blocksAreGatheredOnceAndNotTwice() {
        List<Long> blocks = elementsOfBlocks();
        long all = blocks.stream().mapToLong(Long::longValue).sum();
        assertEquals(List.of(gathered(2 * all, 5 * all)),
                candidates(UnaryOperator.identity(), "training.keep_converted=off"));
        assertEquals(List.of(gathered(2 * all, 3 * (all - blocks.getLast()))),
                candidates(new Overlapping(true), UnaryOperator.identity(), "training.keep_converted=off"));
    }

    /** The parameters of each block that are spread over ranks, with gaps. */
    private List<Long> elementsOfBlocks() {
        TrainerConfig config = config();
        ModelSpec spec = ConfiguredModel.spec(config, plugins);
        return MemoryPlanner.describe(config, spec, Providers.choose(config, spec, plugins),
                model -> model.stages().stream().filter(Stage.Inner.class::isInstance)
                        .map(stage -> stage.units().stream().filter(ParameterUnit::canKeepGathered)
                                .mapToLong(ParameterUnit::elements).sum())
                        .toList());
    }

    /** With three microbatches, embedding and head are gathered three times, blocks six times. */
    @Test
    void withMicrobatchesAllUnitsStayGathered() {
        KeptParameters one = candidates(UnaryOperator.identity(), "training.keep_converted=off").getFirst();
        KeptParameters three = candidates(UnaryOperator.identity(), "training.keep_converted=off",
                "training.gradient_accumulation_steps=3").getFirst();
        long ends = three.bytes().gathered() - one.bytes().gathered();
        assertTrue(ends > 0);
        assertEquals(5 * one.savedCost() + 2 * 2.5 * ends, three.savedCost());
    }

    @ParameterizedTest
    @ValueSource(strings = {"parallelism.reshard_after_forward=always", "parallelism.reshard_after_forward=never",
            "ranks=1 parallelism.data_parallel_shard_degree=1 parallelism.expert_parallel_degree=1",
            "parallelism.data_parallel_shard_degree=1 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=1"})
    void nothingIsGathered(String why) {
        assertEquals(List.of(),
                candidates(UnaryOperator.identity(), ("training.keep_converted=off " + why).split(" ")));
    }

    private static KeptParameters gathered(long bytes, double savedCost) {
        return new KeptParameters(new ParameterBytes(0, bytes), savedCost);
    }

    @Test
    void setsOfCandidates() {
        KeptParameters a = converted(1, 10);
        KeptParameters b = gathered(2, 20);
        assertEquals(List.of(a, b, new KeptParameters(new ParameterBytes(1, 2), 30)),
                KeptParameters.sets(List.of(a, b)));
        assertEquals(List.of(), KeptParameters.sets(List.of()));
    }

    /** As those of plug-ins that were built before there was {@code Model.prepare}. */
    @Test
    void modelsThatDoNotPrepareTheirUnitsConvertThemAtEachUse() {
        assertEquals(List.of(), candidates(spec -> intercepted(ModelSpec.class, spec, (method, opened) -> method
                .equals("open")
                        ? intercepted(Model.class, (Model) opened.get(), (of, call) -> of.equals("prepare")
                                ? null
                                : call.get())
                        : opened.get())));
        assertEquals(2, candidates(spec -> intercepted(ModelSpec.class, spec, (method, call) -> call.get())).size(),
                "the control: a model that does");
    }

    private interface Call {
        Object get();
    }

    /** The same object, where {@code around} gives the results of its methods. */
    private static <T> T intercepted(Class<T> type, T object, BiFunction<String, Call, Object> around) {
        return type.cast(Proxy.newProxyInstance(KeptParametersTest.class.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> around.apply(method.getName(), () -> {
                    try {
                        return method.invoke(object, arguments);
                    } catch (InvocationTargetException | IllegalAccessException e) {
                        throw new IllegalStateException(e);
                    }
                })));
    }
}
