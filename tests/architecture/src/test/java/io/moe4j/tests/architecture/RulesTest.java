package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.moe4j.tests.architecture.Rule.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule holds for all modules, has seen all classes to which it applies, and fails on planted violations. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RulesTest {
    private static final String PLANTED = "io.moe4j.planted.";
    private static final Set<String> CUDA_HOMES = Set.of("io.moe4j.runtime.cuda", "io.moe4j.cudagraph",
            "io.moe4j.comm.nccl");
    private static final Set<String> NATIVE_HOMES = Set.of("io.moe4j.runtime.cpu", "io.moe4j.runtime.cuda",
            "io.moe4j.cudagraph", "io.moe4j.comm.nccl");
    private static final Set<String> NATIVE_PACKAGES = Set.of("jcuda", "org.bytedeco");

    /**
     * A rule in two uses: for all modules, and for a package that breaks it.
     *
     * @param inHouse the rule
     * @param speaksAbout the classes that it must have seen, chosen by their binary names alone
     * @param onPlanted the same rule for the planted classes
     * @param planted their package
     * @param caught for each expected violation, the words that its message must contain
     */
    record Case(Rule inHouse, Predicate<String> speaksAbout, Rule onPlanted, String planted,
            List<List<String>> caught) {

        @Override
        public String toString() {
            return inHouse.name();
        }
    }

    /** The classes, read once, because reading takes longer than all rules together. */
    private final House house;

    RulesTest() throws IOException {
        house = House.read();
    }

    Stream<Case> rules() {
        return Stream.of(
                new Case(Rules.modulesKnowOnly(Design.allowed()), RulesTest::all,
                        Rules.modulesKnowOnly(plantedModules()),
                        PLANTED + "knowing", List.of(List.of("knowing.left.Left", "knowing.right.Right"))),
                new Case(Design.guiceStaysIn(Set.of("io.moe4j.trainer")), outside("io.moe4j.trainer"),
                        Design.guiceStaysIn(Set.of("io.moe4j.trainer")), PLANTED + "guice",
                        List.of(List.of("Wires", "com.google.inject.Injector"))),
                new Case(Design.nativeBindingsStayIn(NATIVE_HOMES), outside(NATIVE_HOMES.toArray(String[]::new)),
                        Design.nativeBindingsStayIn(NATIVE_HOMES), PLANTED + "natives",
                        List.of(List.of("Pointing", "org.bytedeco.javacpp.FloatPointer"))),
                new Case(Design.cudaBindingsStayIn(CUDA_HOMES), outside(CUDA_HOMES.toArray(String[]::new)),
                        Rules.typesStayIn("the same, for bindings that are on the class path", Set.of("org.bytedeco"),
                                CUDA_HOMES),
                        PLANTED + "natives", List.of(List.of("Pointing", "org.bytedeco.javacpp.FloatPointer"))),
                new Case(Rules.typesAreNotExported("native types are no part of an exported type", NATIVE_PACKAGES,
                        exported(house)), exportedName(house),
                        Rules.typesAreNotExported("the same", NATIVE_PACKAGES, (PLANTED + "natives")::equals),
                        PLANTED + "natives", List.of(List.of("Pointing.rows()"))),
                new Case(Rules.noStaticMutableState(), RulesTest::all, Rules.noStaticMutableState(),
                        PLANTED + "mutable",
                        Stream.of("counter", "table", "cache", "names", "total", "disguised", "log")
                                .map(field -> List.of("Remembers." + field + " ")).toList()),
                new Case(Rules.noThreadLocals(), RulesTest::all, Rules.noThreadLocals(), PLANTED + "threads",
                        List.of(List.of("Bound", "java.lang.ThreadLocal"),
                                List.of("Guesses", "java.util.concurrent.ThreadLocalRandom"))),
                new Case(Rules.onlyTheCommandLinePrints("io.moe4j.app.cli"), outside("io.moe4j.app.cli"),
                        Rules.onlyTheCommandLinePrints("io.moe4j.app.cli"), PLANTED + "printing",
                        List.of(List.of("Prints.toOut", "System.out"), List.of("Prints.toErr", "System.err"),
                                List.of("Prints.byIo", "java.lang.IO"), List.of("Prints.trace", "printStackTrace"))),
                new Case(Rules.exportedTypesAreLabelled(exported(house)), exportedName(house).and(RulesTest::topLevel),
                        Rules.exportedTypesAreLabelled((PLANTED + "unlabelled")::equals), PLANTED + "unlabelled",
                        List.of(List.of("Unlabelled is exported"))),
                new Case(LocaleRule.everyTextNamesItsLocale(), RulesTest::all, LocaleRule.everyTextNamesItsLocale(),
                        PLANTED + "locale",
                        Stream.of("format(int)", "formatted", "lower", "upper", "printf", "number", "decimal", "date",
                                "formatter", "scanned", "machine").map(method -> List.of("Localized." + method))
                                .toList()),
                new Case(Factories.ofArgumentRecords(spi(house)),
                        name -> spi(house).test(name.substring(0, name.lastIndexOf('.'))),
                        Factories.ofArgumentRecords((PLANTED + "factoryless")::equals), PLANTED + "factoryless",
                        List.of(List.of("Takes$Bare is an argument of", "has no static factory"))),
                new Case(Cycles.none(Design.DEVICE_SPI), RulesTest::all, Cycles.none(Set.of()), PLANTED + "cycle",
                        List.of(List.of("cycle.hen", "cycle.egg"))));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void holdsInTheHouse(Case rule) {
        Verdict verdict = rule.inHouse().check().apply(house.classes());
        long expected = house.classNames().stream().filter(rule.speaksAbout()).count();
        assertAll(
                () -> assertEquals("", String.join("\n", verdict.violations()), rule.inHouse().name()),
                () -> assertTrue(expected > 0, "the rule has nothing to look at"),
                () -> assertEquals(expected, verdict.seen(), "classes seen"));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void failsOnWhatIsPlanted(Case rule) {
        JavaClasses planted = new ClassFileImporter().importPackages(rule.planted());
        List<String> violations = rule.onPlanted().check().apply(planted).violations();
        for (List<String> words : rule.caught()) {
            assertTrue(violations.stream().anyMatch(text -> words.stream().allMatch(text::contains)),
                    () -> rule.onPlanted().name() + ": nothing caught " + words + " in " + violations);
        }
        assertTrue(violations.stream().noneMatch(text -> text.contains("Innocent")),
                () -> "caught what is right: " + violations);
    }

    private static Map<String, Set<String>> plantedModules() {
        Map<String, Set<String>> allowed = new TreeMap<>();
        allowed.put(PLANTED + "knowing.left", Set.of(PLANTED + "knowing.base"));
        allowed.put(PLANTED + "knowing.right", Set.of(PLANTED + "knowing.base"));
        allowed.put(PLANTED + "knowing.base", Set.of());
        return allowed;
    }

    private static boolean all(String name) {
        return true;
    }

    private static boolean topLevel(String name) {
        return !name.contains("$");
    }

    private static Predicate<String> outside(String... packages) {
        return name -> Stream.of(packages).noneMatch(home -> name.startsWith(home + "."));
    }

    private static Predicate<String> exported(House house) {
        return name -> house.modules().stream().anyMatch(module -> module.exports(name));
    }

    /** The packages against which plug-ins are compiled. */
    private static Predicate<String> spi(House house) {
        return name -> house.modules().stream()
                .filter(module -> Set.of("io.moe4j.api", "io.moe4j.autograd").contains(module.name()))
                .anyMatch(module -> module.exports(name));
    }

    private static Predicate<String> exportedName(House house) {
        return name -> exported(house).test(name.substring(0, name.lastIndexOf('.')));
    }
}
