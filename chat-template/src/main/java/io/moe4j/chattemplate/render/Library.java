package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.PyList;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Types;
import java.time.Clock;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The filters, tests and functions that templates use by name. */
public final class Library {
    private final Budget budget;
    private final Globals globals;
    private final SelectFilters selecting = new SelectFilters(this);

    Library(Clock clock, Budget budget) {
        this.budget = budget;
        globals = new Globals(clock);
    }

    /** A filter. */
    interface Filter {
        /** The result for a value. */
        Object apply(Object value, Arguments arguments);
    }

    /** A test. */
    interface Test {
        /** Whether a value passes. */
        boolean passes(Object value, Arguments arguments);
    }

    /** Whether there is a filter of this name. */
    public static boolean hasFilter(String name) {
        return simple(name) != null || SelectFilters.NAMES.contains(name);
    }

    /** Whether there is a test of this name. */
    public static boolean hasTest(String name) {
        return Tests.find(name) != null || Tests.ABOUT_NAMES.contains(name);
    }

    private static @Nullable Filter simple(String name) {
        return Stream.<Function<String, @Nullable Filter>>of(TextFilters::find, ListFilters::find, SortFilters::find,
                NumberFilters::find).map(each -> each.apply(name)).filter(Objects::nonNull).findFirst().orElse(null);
    }

    Object filter(String name, Object value, Arguments arguments) {
        budget.spend(1);
        Filter found = simple(name);
        if (found == null && !SelectFilters.NAMES.contains(name)) {
            throw new PythonError("there is no filter \"" + name + "\"; use one that Jinja has, or write it without");
        }
        return found != null ? found.apply(value, arguments) : selecting.apply(name, value, arguments);
    }

    boolean test(String name, Object value, Arguments arguments) {
        budget.spend(1);
        if (Tests.ABOUT_NAMES.contains(name)) {
            if (value instanceof PyList || value instanceof Dict) {
                throw new PythonError("a value of the type " + Types.name(value) + " is no name; give a text");
            }
            String asked = Text.str(value);
            return name.equals("filter") ? hasFilter(asked) : hasTest(asked);
        }
        Test found = Tests.find(name);
        if (found == null) {
            throw new PythonError("there is no test \"" + name + "\"; use one that Jinja has, or write it without");
        }
        return found.passes(value, arguments);
    }

    Optional<Object> global(String name) {
        return globals.find(name);
    }
}
