package io.moe4j.tests.architecture;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.moe4j.tests.architecture.Rule.Verdict;
import java.util.List;
import java.util.Set;

/** Packages that need each other are one package in two folders. */
final class Cycles {

    private Cycles() {}

    /**
     * No package needs, over whatever detour, one that needs it.
     *
     * @param onePackage packages that are read as one, because their types speak about each other by nature
     */
    static Rule none(Set<String> onePackage) {
        return new Rule("no cycles between packages", classes -> {
            List<String> found = slices().assignedFrom(new Packages(onePackage)).should().beFreeOfCycles()
                    .allowEmptyShould(true).evaluate(classes).getFailureReport().getDetails();
            return new Verdict(classes.size(), found);
        });
    }

    private record Packages(Set<String> onePackage) implements SliceAssignment {

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            String name = type.getPackageName();
            return SliceIdentifier.of(onePackage.contains(name) ? String.join("+", onePackage) : name);
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    }
}
