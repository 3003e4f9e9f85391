-- Before the table has been analysed the planner took the index of all that came for the question of what was closed: it read every
-- ticket of the category for each that is asked about. Now that index cannot serve it.
drop index tickets.figure_ticket_came;
create index figure_ticket_came on tickets.figure_ticket (district_id, recurs, category_code, tickets.band(gcj_lat), received_at);
