package io.moe4j.chattemplate.syntax;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The existing filters and tests. A template that uses others is refused before it is executed, unless they are under a condition: as in Jinja, a template
 * may test whether a filter exists before it uses it.
 */
final class Names {
    private final Predicate<String> filters;
    private final Predicate<String> tests;
    private final List<TemplateFault> unknown = new ArrayList<>();
    private int conditions;

    Names(Predicate<String> filters, Predicate<String> tests) {
        this.filters = filters;
        this.tests = tests;
    }

    void filter(String name, int at) {
        check(filters.test(name), "filter", name, at);
    }

    void test(String name, int at) {
        check(tests.test(name), "test", name, at);
    }

    private void check(boolean known, String what, String name, int at) {
        if (!known && conditions == 0) {
            unknown.add(new TemplateFault(at,
                    "there is no " + what + " \"" + name + "\"; use one that Jinja has, or write it without"));
        }
    }

    /** Sets whether the following names are under a condition. Returns the earlier value. */
    int conditional(int value) {
        int before = conditions;
        conditions = value;
        return before;
    }

    int mark() {
        return unknown.size();
    }

    /** Forgives the unknown names since the mark, which turned out to be under a condition. */
    void forgive(int mark) {
        unknown.subList(mark, unknown.size()).clear();
    }

    Optional<TemplateFault> first() {
        return unknown.stream().findFirst();
    }
}
