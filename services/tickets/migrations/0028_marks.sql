-- What only the reporter may do is marked in the words: {reporter:…}. In a district's own words it is the last clause that speaks of it;
-- without one, all of them.
update tickets.wording w set words = regexp_replace(w.words, '([，；。、;,]?[^，；。、;,]*(' || marked.theirs || ').*)$', '{reporter:\1}')
from (values ('T14', '评价'), ('T4b', '评价'), ('T22', '复发|重新提出'), ('T25', '申诉')) marked (transition, theirs)
where w.transition = marked.transition and w.audience = 'REPORTERS' and w.words ~ marked.theirs and strpos(w.words, '{reporter:') = 0;
