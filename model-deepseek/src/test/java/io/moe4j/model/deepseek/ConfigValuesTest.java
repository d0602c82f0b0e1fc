package io.moe4j.model.deepseek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.block.FeedForwardSpec;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling;
import io.moe4j.layers.rotary.RotaryScaling.Yarn;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is written is read back as the same model. */
class ConfigValuesTest {

    @ParameterizedTest
    @CsvSource({"debugmodel, deepseek_v2, false", "16B, deepseek_v2, false", "236B, deepseek_v2, false",
            "671B, deepseek_v3, true"})
    void flavorsAreReadBack(String flavor, String type, boolean biases) {
        DecoderSpec spec = Flavors.of(flavor);
        HuggingFaceForm form = ConfigValues.of(spec);
        assertEquals(type, form.config().get("model_type"));
        assertEquals(biases, form.expertBiases());
        assertEquals(List.of(), form.remarks());
        assertEquals(plain(spec), plain(HuggingFaceConfig.spec(form.config())));
    }

    /** The published values, not the nearest double of a computation. */
    @Test
    void constantsAreWrittenAsPublished() {
        Map<String, Object> config = ConfigValues.of(Flavors.of("16B")).config();
        assertEquals(1e-6, config.get("rms_norm_eps"));
        assertTrue(config.get("rope_scaling") instanceof Map<?, ?> scaling && scaling.get("mscale").equals(0.707)
                && scaling.get("mscale_all_dim").equals(0.707), String.valueOf(config.get("rope_scaling")));
        assertEquals(2.5, ConfigValues.of(Flavors.of("671B")).config().get("routed_scaling_factor"));
    }

    @Test
    void anyModelOfTheFamilyIsReadBack() {
        long seed = 20250;
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            DecoderSpec spec = random(random);
            DecoderSpec read = HuggingFaceConfig.spec(ConfigValues.of(spec).config());
            int trial = i;
            assertEquals(plain(spec), plain(read), () -> "seed " + seed + ", trial " + trial);
        }
    }

    @Test
    void whatNoClassComputesIsRefusedOrTold() {
        LatentAttention attention = Published.attention(2, new QueryProjection.Direct(), 1);
        BlockSpec dense = new BlockSpec(attention, new DenseFeedForward(8));
        BlockSpec experts = new BlockSpec(attention, new MixtureOfExperts(8, 8, 1,
                new Gate(Score.SOFTMAX, 2, 1, 1, true, 1, GroupValue.TOP_TWO)));
        IllegalArgumentException order = assertThrows(IllegalArgumentException.class,
                () -> ConfigValues.of(Published.decoder("odd", 64, 16, List.of(experts, dense))));
        assertTrue(order.getMessage().contains("dense layers of one size, and after them"), order.getMessage());
        List<String> remarks = ConfigValues.of(Published.decoder("odd", 64, 16, List.of(dense, experts))).remarks();
        assertEquals(1, remarks.size());
        assertTrue(remarks.getFirst().contains("softmax scores with normalised weights"), remarks.getFirst());
    }

    /** Transformers refuses null, and reads 0 as matrices without elements, which it computes nothing with. */
    @Test
    void noSharedExpertsAreTheNumberZero() {
        BlockSpec experts = new BlockSpec(Published.attention(2, new QueryProjection.Direct(), 1),
                new MixtureOfExperts(8, 8, 0, new Gate(Score.SIGMOID, 2, 1, 1, true, 1, GroupValue.TOP_TWO)));
        HuggingFaceForm form = ConfigValues.of(Published.decoder("odd", 64, 16, List.of(experts)));
        assertEquals(0L, ((Number) form.config().getOrDefault("n_shared_experts", -1)).longValue());
        assertEquals(List.of(), form.remarks());
    }

    /** A reader computes the temperature from the factor of a scaling, so without one it could not be written. */
    @Test
    void aTemperatureWithoutScalingIsRefused() {
        LatentAttention attention = new LatentAttention(2, new QueryProjection.Direct(), 8, 8, 8,
                new RotarySpec(Rotation.PAIRS, 8, 10000, new RotaryScaling.None()), 1.5, 1e-6f);
        DecoderSpec spec = Published.decoder("odd", 64, 16, List.of(new BlockSpec(attention, new DenseFeedForward(8))));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> ConfigValues.of(spec));
        assertTrue(e.getMessage().contains("temperature 1.5 without a rotary scaling"), e.getMessage());
    }

    private static DecoderSpec random(Random random) {
        QueryProjection query = random.nextBoolean() ? new QueryProjection.Direct()
                : new QueryProjection.LowRank(1 + random.nextInt(30));
        double factor = 1 + random.nextInt(40);
        double temperature = random.nextBoolean() ? 1 : Yarn.temperature(factor, (1 + random.nextInt(2000)) / 1000.0);
        double amplitude = temperature == 1 || random.nextInt(4) == 0 ? Yarn.temperature(factor, 1) : 1;
        RotaryScaling scaling = switch (random.nextInt(temperature == 1 ? 6 : 5)) {
            case 0 -> new RotaryScaling.Linear(factor);
            case 1 -> new RotaryScaling.Llama3(factor, 1 + random.nextInt(8192), 1, 4);
            case 5 -> new RotaryScaling.None();
            default -> new Yarn(factor, 1 + random.nextInt(8192), 32, 1, random.nextBoolean(), amplitude);
        };
        LatentAttention attention = new LatentAttention(1 + random.nextInt(8), query, 1 + random.nextInt(64),
                1 + random.nextInt(64), 1 + random.nextInt(64),
                new RotarySpec(random.nextBoolean() ? Rotation.PAIRS : Rotation.HALVES, 2 + 2 * random.nextInt(20),
                        2 + random.nextInt(1_000_000), scaling),
                temperature, random.nextInt(4) == 0 ? 1e-5f : 1e-6f);
        int layers = 1 + random.nextInt(5);
        int dense = random.nextInt(layers + 1);
        FeedForwardSpec first = new DenseFeedForward(1 + random.nextInt(99));
        FeedForwardSpec routed = experts(random);
        List<BlockSpec> blocks = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            blocks.add(new BlockSpec(attention, layer < dense ? first : routed));
        }
        return new DecoderSpec("any", 1 + random.nextInt(999), 1 + random.nextInt(99), blocks, random.nextBoolean(),
                random.nextBoolean() ? 1e-6f : random.nextFloat() + 1e-9f, 8192, random.nextInt(3), Published.BACKEND);
    }

    private static FeedForwardSpec experts(Random random) {
        Score score = random.nextBoolean() ? Score.SOFTMAX : Score.SIGMOID;
        boolean grouped = random.nextBoolean();
        GroupValue value = grouped && score == Score.SOFTMAX && random.nextBoolean() ? GroupValue.LARGEST
                : GroupValue.TOP_TWO;
        return new MixtureOfExperts(16, 1 + random.nextInt(99), random.nextInt(3),
                new Gate(score, 1 + random.nextInt(4), grouped ? 4 : 1, grouped ? 2 : 1, random.nextBoolean(),
                        random.nextBoolean() ? 1 : random.nextFloat() + 0.1f, value));
    }

    /** Names are for people. */
    private static DecoderSpec plain(DecoderSpec spec) {
        return new DecoderSpec("", spec.vocabulary(), spec.dim(), spec.blocks(), spec.tiedEmbedding(), spec.normEps(),
                spec.maxSequence(), spec.predictionDepth(),
                Published.BACKEND);
    }
}
