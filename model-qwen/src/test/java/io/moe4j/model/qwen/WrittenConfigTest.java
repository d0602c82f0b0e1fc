package io.moe4j.model.qwen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.layers.attention.GroupedQueryAttention;
import io.moe4j.layers.block.FeedForwardSpec;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is written is read back as the same model. */
class WrittenConfigTest {

    @Test
    void flavorsAreReadBack() {
        for (String flavor : Flavors.NAMES) {
            DecoderSpec spec = Flavors.of(flavor);
            HuggingFaceForm form = ConfigValues.of(spec);
            assertEquals(plain(spec), plain(HuggingFaceConfig.spec(form.config())));
            assertEquals(List.of(), form.remarks());
        }
        assertEquals(6144L, ConfigValues.of(Flavors.of("30B-A3B")).config().get("intermediate_size"));
    }

    @Test
    void anyModelOfTheFamilyIsReadBack() {
        long seed = 20251;
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            DecoderSpec spec = random(random);
            DecoderSpec read = HuggingFaceConfig.spec(ConfigValues.of(spec).config());
            int trial = i;
            assertEquals(plain(spec), plain(read), () -> "seed " + seed + ", trial " + trial);
        }
    }

    @Test
    void whatTheClassDoesNotComputeIsRefused() {
        DecoderSpec spec = Flavors.of("debugmodel");
        BlockSpec shared = new BlockSpec(spec.blocks().getFirst().attention(),
                new MixtureOfExperts(8, 8, 1, new Gate(Score.SIGMOID, 2, 1, 1, true, 1)));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> ConfigValues.of(
                new DecoderSpec("odd", 64, 16, List.of(shared), false, 1e-6f, 64, Flavors.BACKEND)));
        assertTrue(e.getMessage().contains("no shared experts; it has softmax scores without groups or scale"),
                e.getMessage());
    }

    private static DecoderSpec random(Random random) {
        long keyHeads = 1 + random.nextInt(4);
        RotaryScaling scaling = switch (random.nextInt(4)) {
            case 0 -> new RotaryScaling.None();
            case 1 -> new RotaryScaling.Linear(1 + random.nextInt(8));
            case 2 -> new RotaryScaling.Llama3(8, 4096, 1, 4);
            default -> new RotaryScaling.Yarn(4, 1 + random.nextInt(4096), 32, 1, random.nextBoolean(),
                    random.nextBoolean() ? RotaryScaling.Yarn.temperature(4, 1) : 1.25);
        };
        GroupedQueryAttention attention = new GroupedQueryAttention(keyHeads * (1 + random.nextInt(4)), keyHeads, true,
                new RotarySpec(Rotation.HALVES, 2 + 2 * random.nextInt(64), 2 + random.nextInt(1_000_000), scaling));
        FeedForwardSpec dense = new DenseFeedForward(1 + random.nextInt(99));
        FeedForwardSpec routed = new MixtureOfExperts(8, 1 + random.nextInt(99), 0,
                new Gate(Score.SOFTMAX, 1 + random.nextInt(8), 1, 1, random.nextBoolean(), 1));
        List<BlockSpec> blocks = new ArrayList<>();
        for (int layer = 0; layer <= random.nextInt(5); layer++) {
            blocks.add(new BlockSpec(attention, random.nextInt(3) == 0 ? dense : routed));
        }
        return new DecoderSpec("any", 1 + random.nextInt(999), 1 + random.nextInt(99), blocks, random.nextBoolean(),
                1e-6f, 8192, random.nextInt(3), Flavors.BACKEND);
    }

    /** Names are for people. */
    private static DecoderSpec plain(DecoderSpec spec) {
        return new DecoderSpec("", spec.vocabulary(), spec.dim(), spec.blocks(), spec.tiedEmbedding(), spec.normEps(),
                spec.maxSequence(), spec.predictionDepth(),
                Flavors.BACKEND);
    }
}
