package io.moe4j.tests.architecture;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.moe4j.tests.architecture.Rule.Verdict;
import java.util.List;
import java.util.Set;

/** Finds cycles between packages: packages that need each other are in truth one package in two folders. */
final class Cycles {

    private Cycles() {}

    /**
     * No package needs, directly or through others, a package that needs it.
     *
     * @param onePackage packages that are treated as one, because their types refer to each other by nature
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
