package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Choices of results that segments keep: each kind alone, all but one, random ones, and the choices of a policy for random budgets. */
final class KeptChoices {
    /** Seed of random choices, and of random budgets. */
    private static final long SEED = 11;
    private static final int RANDOM_CHOICES = 12;

    private KeptChoices() {}

    static List<KeptChoice> of(RecomputePolicyProvider policy, List<SegmentProfile> profiles) {
        Set<String> keys = new TreeSet<>();
        profiles.forEach(profile -> keys.addAll(keys(profile)));
        List<KeptChoice> choices = new ArrayList<>();
        keys.forEach(key -> choices.add(choice(profiles, key::equals)));
        keys.forEach(key -> choices.add(choice(profiles, other -> !other.equals(key))));
        Random random = new Random(SEED);
        for (int i = 0; i < RANDOM_CHOICES; i++) {
            double part = random.nextDouble();
            choices.add(choice(profiles, key -> random.nextDouble() < part));
        }
        long most = profiles.stream().mapToLong(profile -> profile.bytes(keys(profile))).sum();
        for (int i = 0; i < RANDOM_CHOICES; i++) {
            long budget = random.nextLong(most + 1);
            KeptChoice choice = policy.choose(profiles, budget);
            long bytes = profiles.stream().mapToLong(profile -> profile.bytes(choice.of(profile.name()))).sum();
            assertTrue(bytes <= budget, () -> bytes + " bytes are kept of a budget of " + budget + ": " + choice);
            choices.add(choice);
        }
        assertTrue(policy.choose(profiles, 0).bySegment().values().stream().allMatch(Set::isEmpty),
                "0 bytes keep nothing");
        return choices;
    }

    private static KeptChoice choice(List<SegmentProfile> profiles, Predicate<String> kept) {
        return new KeptChoice(profiles.stream().collect(Collectors.toMap(SegmentProfile::name,
                profile -> keys(profile).stream().filter(kept).collect(Collectors.toSet()))));
    }

    private static Set<String> keys(SegmentProfile profile) {
        return profile.operations().stream().flatMap(operation -> operation.key().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
