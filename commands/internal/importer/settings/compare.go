package settings

import "strings"

func (r *runner) comparison(x *comparison) *Value {
	left := r.glance(x.first)
	result := boolean(true).dependsOn(left)
	for i, op := range x.ops {
		var right *Value
		if op == "in" || op == "not in" {
			right = r.handle(x.rest[i], nil)
			r.kids = r.kids[:len(r.kids)-1]
		} else {
			right = r.glance(x.rest[i])
		}
		truth, known := r.compare(op, left, right)
		if right.Kind == Name && right.Text == "os.environ" && left.Kind == Str && (op == "in" || op == "not in") {
			var v *Value
			v, known = r.env.has(left.Text)
			truth = v.Int != 0 == (op == "in")
			right = v
		}
		if !known {
			r.suspect(x.at(), "it depends on a comparison", x.rest[i+1:], nil)
			if left.Kind != Unknown && left.Why == nil {
				left = right
			}
			return reason(left, x.at())
		}
		result.dependsOn(right)
		if !truth {
			result.Int = 0
			return result
		}
		left = right
	}
	return result
}

func (r *runner) compare(op string, a, b *Value) (truth, known bool) {
	switch op {
	case "==", "!=", "is", "is not":
		same, known := r.equal(a, b, 0)
		if strings.HasPrefix(op, "is") && (a.Kind != None && b.Kind != None && a.Kind != Bool && b.Kind != Bool) {
			return false, false
		}
		if strings.HasPrefix(op, "is") && a.Kind != b.Kind {
			same = false
		}
		return same == (op == "==" || op == "is"), known
	case "in", "not in":
		found, known := r.contains(b, a)
		return found == (op == "in"), known
	}
	if a.Kind == Str && b.Kind == Str {
		return ordered(op, strings.Compare(a.Text, b.Text)), true
	}
	if !a.isNumber() || !b.isNumber() {
		return false, false
	}
	order := 0
	switch {
	case a.Kind != Float && b.Kind != Float && a.Int < b.Int, a.float() < b.float():
		order = -1
	case a.Kind != Float && b.Kind != Float && a.Int > b.Int, a.float() > b.float():
		order = 1
	}
	return ordered(op, order), true
}

func ordered(op string, order int) bool {
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// contains is item in v.
func (r *runner) contains(v, item *Value) (found, known bool) {
	if v.Why != nil || item.Kind == Unknown || item.Kind == Name {
		return false, false
	}
	switch v.Kind {
	case Str:
		return item.Kind == Str && strings.Contains(v.Text, item.Text), item.Kind == Str
	case Dict:
		return v.find(item) != nil, true
	case Tuple, List, Set:
		for _, other := range v.Items {
			same, known := r.equal(item, other, 0)
			if !known || same {
				return same, known
			}
		}
		return false, true
	}
	return false, false
}

// equal is a == b; not known where anything in them is unknown.
func (r *runner) equal(a, b *Value, depth int) (same, known bool) {
	switch {
	case a.Kind == Unknown || b.Kind == Unknown || a.Kind == Name || b.Kind == Name || a.Why != nil || b.Why != nil || depth > maxDepth || r.step(1):
		return false, false
	case a.isNumber() && b.isNumber():
		if a.Kind != Float && b.Kind != Float {
			return a.Int == b.Int, true
		}
		return a.float() == b.float(), true
	case a.Kind != b.Kind:
		return false, true
	case a.Kind == None:
		return true, true
	case a.Kind == Str || a.Kind == Bytes:
		return a.Text == b.Text, true
	case a.Kind == Duration:
		return a.Float == b.Float, true
	case len(a.Items) != len(b.Items):
		return false, true
	}
	for i, item := range a.Items {
		other := b.Items[i]
		if a.Kind == Dict {
			other = b.find(a.Keys[i])
		}
		if a.Kind == Set {
			if h, _ := item.hash(); !hasKey(b.index, h) {
				return false, true
			}
			continue
		}
		if other == nil {
			return false, true
		}
		if same, known := r.equal(item, other, depth+1); !same || !known {
			return same, known
		}
	}
	return true, true
}
