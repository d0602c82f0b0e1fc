package io.moe4j.tests.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A rule of the house.
 *
 * @param name what it demands, as a sentence
 * @param check applies the rule to classes
 */
record Rule(String name, Function<JavaClasses, Verdict> check) {

    /**
     * The result of a rule.
     *
     * @param seen how many classes it looked at: a rule that sees nothing proves nothing
     * @param violations one sentence for each
     */
    record Verdict(int seen, List<String> violations) {}

    /**
     * A rule that can be checked for each class by itself.
     *
     * @param subjects the classes to which it applies
     * @param violations describes what is wrong with a class; empty if nothing is
     */
    static Rule perClass(String name, Predicate<JavaClass> subjects, Function<JavaClass, Stream<String>> violations) {
        return new Rule(name, classes -> {
            int seen = 0;
            List<String> found = new ArrayList<>();
            for (JavaClass type : classes) {
                if (subjects.test(type)) {
                    seen++;
                    violations.apply(type).sorted().distinct().forEach(found::add);
                }
            }
            return new Verdict(seen, List.copyOf(found));
        });
    }
}
