package io.moe4j.tests.contract.ops;

import java.util.List;
import java.util.stream.Stream;

/** Cases of all families in which one element of an operand is NaN. */
final class NaNCases {
    private static final int ELEMENT = 9;

    private NaNCases() {}

    static List<OpCase> all() {
        return Stream.of(some(MatmulCases.all(), 0, "matmul 33x7x5 F32 to F32 NN beta 0.0 DENSE",
                "matmul 128x96x64 BF16 to BF16 NT beta 1.0 ALIGNED_GAPS"),
                some(CopyCases.all(), 0, "copy F32 to BF16 33x64 ALIGNED_GAPS"),
                some(ElementwiseCases.all(), 0, "add BF16 x1003 into out DENSE",
                        "accumulate BF16 into F32 x1003 DENSE", "sumMiddle F32 (9, 3, 21) added GAPS"),
                some(NormCases.all(), 0, "norm (5, 7) F32 DENSE", "norm (130, 256) BF16 DENSE",
                        "norm gradient (130, 256) BF16 DENSE", "norm gradient (65, 100) F32 GAPS"),
                some(RopeCases.all(), 0, "rope (12, 2, 64) of sequences of 6 BF16 DENSE",
                        "rope on halves (12, 2, 64) of sequences of 6 BF16 DENSE"),
                some(ActivationCases.all(), 0, "swiglu (33, 256) BF16 DENSE", "swiglu gradient (7, 12) F32 GAPS"),
                some(AttentionCases.all(), 0, "attention B 2 S 32 H 2 Q 24 V 24 F32 DENSE",
                        "attention B 1 S 130 H 2 Q 192 V 128 BF16 DENSE",
                        "attention B 2 S 33 H 4 G 2 Q 24 V 16 F32 DENSE"),
                some(DecodeCases.all(), 0, "attention over a cache T 5 L 9 H 4 G 4 Q 17 V 9 F32 DENSE",
                        "attention over a cache T 1 L 65 H 16 G 1 Q 72 V 64 BF16 DENSE latents"),
                some(EmbeddingCases.all(), 1, "embedding of 100 in (17, 130) BF16 DENSE",
                        "embedding gradient of 100 in (17, 130) F32 DENSE"),
                some(OptimizerCases.all(), 0, "sum of squares BF16 x5000 DENSE"),
                some(OptimizerCases.all(), 1, "adamw [BF16, F32, F32] x1031 step 3 DENSE")).flatMap(cases -> cases)
                .toList();
    }

    private static Stream<OpCase> some(List<OpCase> cases, int operand, String... names) {
        return Stream.of(names).map(name -> cases.stream().filter(one -> one.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalStateException("no case \"" + name + "\""))
                .withNaN(operand, ELEMENT));
    }
}
