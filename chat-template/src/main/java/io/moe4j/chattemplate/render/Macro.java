package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Attributed;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Function;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Tuple;
import io.moe4j.chattemplate.python.Undefined;
import io.moe4j.chattemplate.syntax.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A part of a template with parameters. It reads the variables of the place where it was declared, with their values at the time of the call. */
final class Macro implements Attributed, Function {
    private final String name;
    private final Statement.Signature signature;
    private final Supplier<Scope> frame;
    private final Evaluator evaluator;
    private final Budget budget;
    private final Body body;

    Macro(String name, Statement.Signature signature, Supplier<Scope> frame, Evaluator evaluator, Budget budget,
            Body body) {
        this.name = name;
        this.signature = signature;
        this.frame = frame;
        this.evaluator = evaluator;
        this.budget = budget;
        this.body = body;
    }

    /** The body of a macro. */
    interface Body {
        /** Its output. */
        String in(Scope scope);
    }

    @Override
    public Object call(Arguments arguments) {
        Scope scope = frame.get();
        budget.enter();
        try {
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            special(named, scope);
            parameters(arguments.positional(), named, scope);
            extras(arguments.positional(), named, scope);
            return body.in(scope);
        } finally {
            budget.leave();
        }
    }

    private void special(Map<String, Object> named, Scope scope) {
        if (signature.specials().caller() && !signature.parameters().contains("caller")) {
            Object caller = named.remove("caller");
            scope.set("caller", caller != null ? caller
                    : Undefined.missing("there is no caller: \"" + name + "\" was not called by the tag call"));
        }
    }

    private void parameters(List<Object> positional, Map<String, Object> named, Scope scope) {
        List<String> parameters = signature.parameters();
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            Object byName = named.remove(parameter);
            if (i < positional.size() && byName != null) {
                throw new PythonError(
                        "the macro \"" + name + "\" got its argument \"" + parameter + "\" twice; give it once");
            }
            Object given = i < positional.size() ? positional.get(i) : byName;
            Object value = given != null ? given : evaluator.orNull(signature.defaults().get(parameter), scope);
            scope.set(parameter, value != null ? value
                    : Undefined.missing("the macro \"" + name + "\" was called without \"" + parameter + "\""));
        }
    }

    private void extras(List<Object> positional, Map<String, Object> named, Scope scope) {
        int taken = Math.min(positional.size(), signature.parameters().size());
        List<Object> more = new ArrayList<>(positional.subList(taken, positional.size()));
        if (signature.specials().varargs() && !signature.parameters().contains("varargs")) {
            scope.set("varargs", Tuple.of(more));
        } else if (!more.isEmpty()) {
            throw new PythonError("the macro \"" + name + "\" takes at most " + signature.parameters().size()
                    + " arguments, and got " + positional.size() + "; leave out the last");
        }
        if (signature.specials().kwargs() && !signature.parameters().contains("kwargs")) {
            Dict.Builder dict = new Dict.Builder();
            named.forEach(dict::put);
            scope.set("kwargs", dict.build());
        } else if (!named.isEmpty()) {
            throw new PythonError("the macro \"" + name + "\" has no parameters of these names: " + named.keySet()
                    + "; leave them out");
        }
    }

    @Override
    public String shown() {
        return name.isEmpty() ? "<Macro anonymous>" : "<Macro '" + name + "'>";
    }

    @Override
    public @Nullable Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> name;
            case "arguments" -> Tuple.of(signature.parameters());
            case "caller" -> signature.specials().caller();
            case "catch_kwargs" -> signature.specials().kwargs();
            case "catch_varargs" -> signature.specials().varargs();
            default -> null;
        };
    }
}
