package io.moe4j.tests.gpu;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectModule;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the tests on a machine that has neither Maven nor a JDK, and prints what they covered. Arguments: names of classes, or of methods as
 * {@code Class#method}, whatever their parameters; none for all.
 */
public final class GpuTests implements TestExecutionListener {
    private static final int PASSED = 0;
    private static final int FAILED = 1;
    private static final int SKIPPED = 2;

    private final PrintStream out;
    private final Map<String, int[]> byClass = new TreeMap<>();
    private final Map<String, Long> started = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private final List<String> skips = new ArrayList<>();

    private GpuTests(PrintStream out) {
        this.out = out;
    }

    /** Exits with 1 if a test failed or none ran. */
    public static void main(String... classes) {
        GpuTests listener = new GpuTests(System.out);
        System.exit(listener.run(List.of(classes)) ? 0 : 1);
    }

    private boolean run(List<String> classes) {
        List<DiscoverySelector> selectors = new ArrayList<>();
        classes.forEach(name -> selectors.addAll(name.contains("#") ? methods(name) : List.of(selectClass(name))));
        if (classes.isEmpty()) {
            selectors.add(selectModule(GpuTests.class.getModule().getName()));
        }
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request().selectors(selectors)
                .filters(TagFilter.includeTags("gpu")).build();
        LauncherFactory.create().execute(request, this);
        int tests = 0;
        for (Map.Entry<String, int[]> one : byClass.entrySet()) {
            int[] counts = one.getValue();
            out.printf("%-60s %3d passed, %3d failed, %3d skipped%n", one.getKey(), counts[PASSED], counts[FAILED],
                    counts[SKIPPED]);
            tests += counts[PASSED] + counts[FAILED];
        }
        out.printf("%d GPU tests, %d failed; %d more skipped%n", tests, failures.size(), skips.size());
        skips.forEach(skip -> out.println("  SKIPPED " + skip));
        failures.forEach(failure -> out.println("  FAILED " + failure));
        return tests > 0 && failures.isEmpty();
    }

    /** The methods that {@code Class#method} names. JUnit's own selector of such a name finds only a method without parameters. */
    static List<DiscoverySelector> methods(String name) {
        String[] parts = name.split("#", 2);
        Class<?> type = classNamed(parts[0]);
        List<DiscoverySelector> found = new ArrayList<>();
        ReflectionSupport
                .findMethods(type, method -> method.getName().equals(parts[1]), HierarchyTraversalMode.TOP_DOWN)
                .forEach(method -> found.add(selectMethod(type, method)));
        if (found.isEmpty()) {
            throw new IllegalArgumentException(
                    name + ": the class has no method of this name; give Class#method or Class");
        }
        return found;
    }

    private static Class<?> classNamed(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException("no class is named " + name
                    + "; give full names, such as " + PeerGpuTest.class.getName(), e);
        }
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        started.put(test.getUniqueId(), System.nanoTime());
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
            executionSkipped(test, result.getThrowable().map(Throwable::getMessage).orElse("no reason given"));
            return;
        }
        boolean failed = result.getStatus() == TestExecutionResult.Status.FAILED;
        if (!test.isTest() && !failed) {
            return;
        }
        count(test, failed ? FAILED : PASSED);
        long begun = started.getOrDefault(test.getUniqueId(), System.nanoTime());
        out.printf("%s %s (%d ms)%n", failed ? "FAIL" : "ok  ", nameOf(test), (System.nanoTime() - begun) / 1_000_000);
        result.getThrowable().ifPresent(thrown -> {
            failures.add(nameOf(test));
            thrown.printStackTrace(out);
        });
        out.flush();
    }

    /** Also called when a test ends because its own assumption fails, such as that there are two GPUs. */
    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        count(test, SKIPPED);
        skips.add(nameOf(test) + ": " + reason);
        out.printf("skip %s: %s%n", nameOf(test), reason);
        out.flush();
    }

    private void count(TestIdentifier test, int outcome) {
        byClass.computeIfAbsent(classOf(test), key -> new int[3])[outcome]++;
    }

    private static String classOf(TestIdentifier test) {
        return test.getUniqueId().replaceAll(".*\\[class:([^]]*)].*", "$1");
    }

    private static String nameOf(TestIdentifier test) {
        String type = classOf(test);
        return type.substring(type.lastIndexOf('.') + 1) + "."
                + test.getUniqueId().replaceAll(".*\\[(?:method|test-template|test-factory):([^(\\]]*).*", "$1") + " "
                + test.getDisplayName();
    }
}
